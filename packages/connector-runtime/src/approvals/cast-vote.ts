import { sql, type Transaction } from 'kysely';
import type { Database } from '../types/database.ts';
import { type Approval, auditOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import type { Decided } from './click.ts';
import type { Electorate } from './electorate.ts';
import { listVotes } from './postgres-approval-store.ts';
import { type Tally, tallyVotes, type Vote } from './tally.ts';

interface CastVote extends Vote {
  /** Through which channel, for the audit. */
  readonly via: string;
}

interface Question {
  readonly approval: Approval;
  readonly electorate: Electorate;
  /** What was there when the electorate was asked, as it counts now. */
  readonly earlier: readonly Vote[];
}

/**
 * One person's word: its row, and where it is enough, the one compare-and-set that closes the question, with its audit, the step,
 * the run's job and the channels' updates in one transaction.
 */
export async function castVote(
  vote: CastVote,
  question: Question,
  ports: ApprovalPorts,
): Promise<Exclude<Decided, { status: 'already-decided' | 'refused' }> | 'closed-before'> {
  const { approval, electorate } = question;
  return ports.db.transaction().execute(async (trx) => {
    const at = new Date(ports.clock.now());
    const kept = await keepVote(trx, vote, question, at);
    if (kept === 'closed') return 'closed-before';
    const tally = tallyVotes(await votesNow(trx, question), electorate.rules);
    const { outcome } = tally;
    if (outcome !== undefined) {
      const isClosed = await closeQuestion(trx, { approval, vote, tally, outcome, at }, ports);
      return isClosed ? { status: 'decided', runId: approval.runId } : 'closed-before';
    }
    if (kept === 'there-before') return alreadyCounted;
    const { approved, needed } = nearest(tally, electorate, vote);
    const details = { decision: vote.decision, via: vote.via, approved, needed };
    await sql`select ${ports.audit.append(auditOf(approval, 'approval.counted', vote.actor, details))}`.execute(trx);
    await ports.jobs.send(trx, [{ queue: 'approval-update', approvalId: approval.id }]);
    return { status: 'counted', approved, needed };
  });
}

const alreadyCounted = { status: 'already-counted', code: 'APPROVAL_ALREADY_COUNTED' } as const;

/**
 * The question is locked until the commit: words that come at once are counted one after the other. A "yes" may become a "no",
 * which closes; nothing else of it changes.
 */
async function keepVote(
  trx: Transaction<Database>,
  { person, actor, decision, rules, via }: CastVote,
  { approval, earlier }: Question,
  at: Date,
): Promise<'kept' | 'there-before' | 'closed'> {
  // Under another of the person's names, perhaps.
  const isThere = earlier.some((vote) => vote.person === person && vote.decision === decision);
  const { rows } = await sql<{ open: number; kept: number }>`
    with open as (
      select a.id, a.tenant_id from connector.approvals a
      where a.id = ${approval.id} and a.tenant_id = ${approval.tenantId} and ${whileOpen(at)}
      for update
    ), kept as (
      insert into connector.approval_decisions as d
        (approval_id, person, tenant_id, actor, decision, via, rules, decided_at)
      select id, ${person}, tenant_id, ${actor}, ${decision}, ${via}, ${[...rules]}::text[], ${at} from open
      where not ${isThere}::boolean
      on conflict (approval_id, person) do update set actor = excluded.actor, decision = excluded.decision,
        via = excluded.via, rules = excluded.rules, decided_at = excluded.decided_at
        where d.decision = 'approved' and excluded.decision = 'denied'
      returning 1
    )
    select (select count(*)::int from open) as open, (select count(*)::int from kept) as kept`.execute(trx);
  if (rows[0]?.open !== 1) return 'closed';
  return rows[0].kept === 1 ? 'kept' : 'there-before';
}

/** Nothing would happen on a "yes" to a run that is over; one that diverged may be resumed. */
function whileOpen(at: Date) {
  return sql`a.status = any(${statusesToDecide()}::text[]) and a.expires_at > ${at}
    and exists (select from connector.runs r
      where r.id = a.run_id and r.status in ('queued', 'running', 'waiting', 'diverged'))`;
}

function statusesToDecide(): readonly string[] {
  return ['requested'];
}

/** Under the lock. Words that came since the electorate was asked were allowed a moment ago. */
async function votesNow(trx: Transaction<Database>, { approval, electorate, earlier }: Question) {
  const recounted = new Map(earlier.map((vote) => [`${vote.actor} ${vote.decision}`, vote]));
  return (await listVotes(trx, approval)).map(
    (vote) => recounted.get(`${vote.actor} ${vote.decision}`) ?? { ...vote, person: electorate.personOf(vote.actor) },
  );
}

/** Under the rule that is closest to closing, of those under which the vote counts. */
function nearest({ approvedBy }: Tally, { rules }: Electorate, vote: Vote): { approved: number; needed: number } {
  const [first = { approved: 0, needed: 1 }] = rules
    .map(({ name, needed }, at) => ({ name, needed, approved: approvedBy[at]?.length ?? 0 }))
    .filter(({ name }) => vote.rules.includes(name))
    .sort((one, other) => one.needed - one.approved - (other.needed - other.approved));
  return { approved: first.approved, needed: first.needed };
}

interface Closing {
  readonly approval: Approval;
  readonly vote: CastVote;
  readonly tally: Tally;
  readonly outcome: 'approved' | 'denied';
  readonly at: Date;
}

async function closeQuestion(
  trx: Transaction<Database>,
  { approval, vote: { actor, via }, tally, outcome, at }: Closing,
  { audit, jobs }: ApprovalPorts,
): Promise<boolean> {
  const isApproved = outcome === 'approved';
  const error = { code: 'APPROVAL_DENIED', message: `${approval.request.title}: denied by ${actor}` };
  const output = { decision: outcome, actor, auditUrl: approval.request.auditUrl };
  const approvedBy = [...new Set(tally.approvedBy.flat())];
  const details = { decision: outcome, via, digests: approval.digests, approvedBy };
  const entry = audit.append(auditOf(approval, 'approval.decided', actor, details));
  const { rows } = await sql`
    with decided as (
      update connector.approvals a set status = ${outcome}, decided_by = ${actor}, decided_at = ${at}
      where a.id = ${approval.id} and a.tenant_id = ${approval.tenantId} and ${whileOpen(at)}
      returning a.id, a.run_id
    ), step as (
      update connector.run_steps s set status = ${isApproved ? 'succeeded' : 'denied'},
        output = ${isApproved ? JSON.stringify(output) : null}::json,
        error = ${isApproved ? null : JSON.stringify(error)}::json, finished_at = ${at}
      from decided d
      where s.run_id = d.run_id and s.approval_id = d.id and s.kind = 'approval' and s.status = 'waiting'
    )
    select ${entry} as seq from decided`.execute(trx);
  if (rows.length === 0) return false;
  await jobs.send(trx, [
    { queue: 'run', runId: approval.runId },
    { queue: 'approval-update', approvalId: approval.id },
  ]);
  return true;
}
