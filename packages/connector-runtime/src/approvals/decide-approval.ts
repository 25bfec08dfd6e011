import { type Approval, auditOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { castVote } from './cast-vote.ts';
import { type Click, type ClickRefusal, type Decided, hasExpired, viaOf } from './click.ts';
import { type Electorate, readElectorate } from './electorate.ts';
import { findApproval, listVotes } from './postgres-approval-store.ts';
import type { Vote } from './tally.ts';

/** Of any number of clicks at once, on any nodes, one closes the question. Refused ones are audited; repeated ones are nothing. */
export async function decideApproval(click: Click, ports: ApprovalPorts): Promise<Decided> {
  const { db, clock } = ports;
  const approval = await findApproval(db, click.approvalId, click.tenantId);
  const via = approval && viaOf(click, approval);
  if (approval === undefined || via === undefined) return refuse(click, approval, 'APPROVAL_UNKNOWN', ports);
  // Before anybody is asked who is in a group: a vendor that does not answer holds no click longer than its question is open.
  if (hasExpired(approval, clock.now())) return refuse(click, approval, 'APPROVAL_EXPIRED', ports);
  if (approval.status !== 'requested') return late(approval.status);
  const electorate = await readElectorate(approval, ports);
  const under = await electorate.rulesFor(click.actor);
  if (under.length === 0) {
    const code = electorate.isUnreadable ? 'APPROVAL_GROUP_UNREADABLE' : 'APPROVAL_ACTOR_NOT_ALLOWED';
    return refuse(click, approval, code, ports);
  }
  const { actor, decision } = click;
  const vote = { person: electorate.personOf(actor), actor, decision, rules: under, via };
  const earlier = await recount(approval, electorate, ports);
  const cast = await castVote(vote, { approval, electorate, earlier }, ports);
  if (cast !== 'closed-before') return cast;
  const closed = await findApproval(db, approval.id, approval.tenantId);
  // Still open, and not to be decided: its run is over, and it is about to be taken back.
  return late(closed === undefined || closed.status === 'requested' ? 'cancelled' : closed.status);
}

/** Earlier words, by the rules of now: whoever may no longer decide does not count any more. */
async function recount(approval: Approval, electorate: Electorate, { db }: ApprovalPorts): Promise<readonly Vote[]> {
  const votes = await listVotes(db, approval);
  return Promise.all(
    votes.map(async (vote) => ({
      ...vote,
      person: electorate.personOf(vote.actor),
      rules: await electorate.rulesFor(vote.actor),
    })),
  );
}

function late(was: Approval['status']): Decided {
  return { status: 'already-decided', code: 'APPROVAL_ALREADY_DECIDED', was };
}

async function refuse(
  click: Click,
  approval: Approval | undefined,
  code: ClickRefusal,
  { audit }: ApprovalPorts,
): Promise<Decided> {
  const { tenantId, approvalId, actor, decision } = click;
  const details = { code, decision };
  if (approval !== undefined)
    await audit.record(auditOf({ ...approval, tenantId }, 'approval.refused', actor, details));
  else {
    const subject = approvalId.slice(0, 100);
    await audit.record({ tenantId, kind: 'approval.refused', actor, subject, details });
  }
  return { status: 'refused', code };
}
