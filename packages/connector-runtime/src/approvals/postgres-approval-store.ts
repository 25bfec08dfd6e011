import { type Selectable, sql, type Transaction } from 'kysely';
import type { Database, Db } from '../types/database.ts';
import type { Approval, ApprovalPlace } from './approval.ts';
import type { Vote } from './tally.ts';

type Escalation = Selectable<Database['connector.approval_escalations']>;
type Row = Selectable<Database['connector.approvals']> & { readonly escalation: Escalation | null };
type Reader = Db | Transaction<Database>;

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Without a tenant: for jobs, whose ids come from our own rows. */
export async function findApproval(db: Reader, id: string, tenantId?: string): Promise<Approval | undefined> {
  // Clicks carry whatever an outsider puts there; Postgres would fail on what is no id.
  if (!UUID.test(id)) return undefined;
  let query = selectApprovals(db).where('a.id', '=', id);
  if (tenantId !== undefined) query = query.where('a.tenant_id', '=', tenantId);
  const row = await query.executeTakeFirst();
  return row && toApproval(row);
}

/** The question that a step waits for now, locked: a decision on its way is seen, and none comes in between. */
export async function findCurrent(
  trx: Transaction<Database>,
  runId: string,
  stepKey: string,
): Promise<Approval | undefined> {
  const row = await selectApprovals(trx)
    .innerJoin('connector.run_steps as s', 's.approval_id', 'a.id')
    .where('s.run_id', '=', runId)
    .where('s.key', '=', stepKey)
    .whereRef('a.run_id', '=', 's.run_id')
    .forUpdate('a')
    .executeTakeFirst();
  return row && toApproval(row);
}

/** Newest first. */
export async function listApprovals(db: Reader, tenantId: string, limit: number): Promise<readonly Approval[]> {
  const rows = await selectApprovals(db)
    .where('a.tenant_id', '=', tenantId)
    .orderBy('a.created_at', 'desc')
    .orderBy('a.id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toApproval);
}

/** A "yes" of a run, and the action step that it is for; null: any. */
export interface Granted {
  readonly approvalId: string;
  readonly digests: readonly string[];
  readonly stepKey: string | null;
  /** The name of the rule under which it was given. */
  readonly rule: string;
}

export async function listGranted(
  db: Reader,
  run: { readonly id: string; readonly tenantId: string },
): Promise<readonly Granted[]> {
  const rows = await db
    .selectFrom('connector.approvals as a')
    .leftJoin('connector.run_steps as s', (join) =>
      join
        .onRef('s.run_id', '=', 'a.run_id')
        // Keys of steps hold no `@`: what follows it counts a step's questions.
        .on('s.key', '=', sql<string>`split_part(a.step_key, '@', 1)`),
    )
    .select(['a.id', 'a.digests', 'a.step_key', 'a.rule', 's.key', 's.kind'])
    .where('a.run_id', '=', run.id)
    .where('a.tenant_id', '=', run.tenantId)
    .where('a.status', '=', 'approved')
    .orderBy('a.id')
    .execute();
  return rows.map(({ id, digests, step_key, rule, key, kind }) => ({
    approvalId: id,
    digests,
    stepKey: kind === 'approval' ? null : (key ?? step_key),
    rule,
  }));
}

export async function listOpen(
  db: Reader,
  run: { readonly id: string; readonly tenantId: string },
): Promise<readonly Approval[]> {
  const rows = await selectApprovals(db)
    .where('a.run_id', '=', run.id)
    .where('a.tenant_id', '=', run.tenantId)
    .where('a.status', '=', 'requested')
    .orderBy('a.id')
    .execute();
  return rows.map(toApproval);
}

/** In the order in which they were given. */
export async function listVotes(
  db: Reader,
  approval: { readonly id: string; readonly tenantId: string },
): Promise<readonly Vote[]> {
  return db
    .selectFrom('connector.approval_decisions')
    .select(['person', 'actor', 'decision', 'rules'])
    .where('approval_id', '=', approval.id)
    .where('tenant_id', '=', approval.tenantId)
    .orderBy('decided_at')
    .orderBy('person')
    .execute();
}

function selectApprovals(db: Reader) {
  return db
    .selectFrom('connector.approvals as a')
    .leftJoin('connector.approval_escalations as e', 'e.approval_id', 'a.id')
    .selectAll('a')
    .select(sql<Escalation | null>`case when e.approval_id is not null then to_json(e) end`.as('escalation'));
}

function toApproval(row: Row): Approval {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    workspaceId: row.workspace_id,
    runId: row.run_id,
    stepKey: row.step_key,
    digests: row.digests,
    request: row.request,
    ...toPlace(row),
    approvers: row.approvers,
    escalation: row.escalation && toPlace(row.escalation),
    reminders: row.reminders,
    status: row.status,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at?.getTime() ?? null,
    requestedAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
  };
}

function toPlace(row: Omit<Escalation, 'approval_id' | 'tenant_id' | 'escalated_at'>): ApprovalPlace {
  return {
    rule: row.rule,
    needed: row.needed,
    connectionId: row.connection_id,
    connector: row.connector,
    channel: row.channel,
    target: row.target,
    ref: row.ref,
  };
}
