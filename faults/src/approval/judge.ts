import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Asked, Scene } from './scene.ts';

/** What should have become of a question, as who attacked it knows. */
export interface Case extends Asked {
  readonly name: string;
  /** `closed`: approved or denied, whichever word came first. */
  readonly expected: 'requested' | 'approved' | 'denied' | 'expired' | 'closed';
  /** Who may decide, as the channel names them. */
  readonly allowed: readonly string[];
  readonly quorum: number;
  /** With what a click was refused, where one has to be: it came as far as being judged. */
  readonly refusal?: string;
  /** How many writes an approved one makes; 1 when left out. */
  readonly writes?: number;
}

interface Row {
  readonly id: string;
  readonly status: string;
  readonly decided: string | null;
  readonly expires: string;
  readonly refusals: readonly string[];
  readonly decisions: readonly { readonly actor: string; readonly decision: string; readonly approvedBy: string[] }[];
}

const UPDATE_MS = 30_000;

/** What the database, its audit, the SaaS and Slack say of each question, against what should be. */
export async function judge({ cluster, tenant, slack }: Scene, cases: readonly Case[]): Promise<string[]> {
  const ids = cases.map(({ approvalId }) => approvalId);
  const { rows } = await sql<Row>`
    select a.id, a.status, a.decided_at as decided, a.expires_at as expires, coalesce((
      select json_agg(json_build_object('actor', e.body::json ->> 'actor', 'decision', e.body::json -> 'details' ->> 'decision',
        'approvedBy', e.body::json -> 'details' -> 'approvedBy'))
      from connector.audit_entries e where e.tenant_id = a.tenant_id and e.kind = 'approval.decided'
        and e.body::json ->> 'subject' = a.id::text), '[]') as decisions,
      array(select e.body::json -> 'details' ->> 'code' from connector.audit_entries e where e.kind = 'approval.refused'
        and e.body::json ->> 'subject' = a.id::text) as refusals
    from connector.approvals a where a.id = any(${ids}::uuid[])`.execute(cluster.database.db());
  const byId = new Map(rows.map((row) => [row.id, row]));
  const violations = cases.flatMap((one) => {
    const row = byId.get(one.approvalId);
    if (row === undefined) return [`${one.name}: the question is gone`];
    const writes = cluster.saas.keysOf(tenant.account, one.ticket).size;
    return problemsOf(one, row, writes).map((problem) => `${one.name} (${one.ticket}): ${problem}`);
  });
  const open = await stillOpen(
    slack,
    cases.filter(({ approvalId }) => byId.get(approvalId)?.status !== 'requested'),
  );
  return [...violations, ...open];
}

function problemsOf(
  { expected, allowed, quorum, refusal, writes: wanted = 1 }: Case,
  row: Row,
  writes: number,
): string[] {
  const problems: string[] = [];
  const { status, decisions } = row;
  const isClosed = status === 'approved' || status === 'denied';
  if (expected === 'closed' ? !isClosed : status !== expected) problems.push(`it is ${status}, not ${expected}`);
  if (decisions.length !== (isClosed ? 1 : 0)) problems.push(`${decisions.length} decisions were made`);
  if (refusal !== undefined && !row.refusals.includes(refusal)) {
    problems.push(`no click was refused with ${refusal}, but with ${row.refusals.join(', ') || 'nothing'}`);
  }
  for (const { actor, decision, approvedBy } of decisions) {
    const people = new Set(approvedBy);
    for (const person of [actor, ...people]) {
      if (!allowed.includes(person)) problems.push(`${person} decided, who may not`);
    }
    if (decision === 'approved' && people.size < quorum) problems.push(`${people.size} of ${quorum} approved it`);
  }
  if (isClosed && row.decided !== null && new Date(row.decided) >= new Date(row.expires)) {
    problems.push('it was decided after it had expired');
  }
  if (writes !== (status === 'approved' ? wanted : 0)) problems.push(`${writes} writes were made, and it is ${status}`);
  return problems;
}

/** Messages with buttons for what is closed. They are redrawn by jobs, a moment later. */
async function stillOpen(slack: Scene['slack'], closed: readonly Case[]): Promise<string[]> {
  for (const end = Date.now() + UPDATE_MS; ; await pause(200)) {
    const withButtons = new Set(
      (await slack.messages('incidents'))
        .filter(({ blocks = [] }) => blocks.some(({ type }) => type === 'actions'))
        .map(({ ts }) => ts),
    );
    const open = closed.filter(({ ts }) => withButtons.has(ts));
    if (open.length === 0 || Date.now() > end) {
      return open.map(({ name, ticket }) => `${name} (${ticket}): its message still has buttons`);
    }
  }
}
