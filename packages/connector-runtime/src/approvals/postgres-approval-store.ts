import { type Selectable, sql, type Transaction } from 'kysely';
import type { Database, Db } from '../types/database.ts';
import type { Approval } from './approval.ts';

type Row = Selectable<Database['connector.approvals']>;
type Reader = Db | Transaction<Database>;

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Without a tenant: for jobs, whose ids come from our own rows. */
export async function findApproval(db: Reader, id: string, tenantId?: string): Promise<Approval | undefined> {
  // Clicks carry whatever an outsider puts there; Postgres would fail on what is no id.
  if (!UUID.test(id)) return undefined;
  let query = db.selectFrom('connector.approvals').selectAll().where('id', '=', id);
  if (tenantId !== undefined) query = query.where('tenant_id', '=', tenantId);
  const row = await query.executeTakeFirst();
  return row && toApproval(row);
}

/** The question that a step waits for now, locked: a decision on its way is seen, and none comes in between. */
export async function findCurrent(
  trx: Transaction<Database>,
  runId: string,
  stepKey: string,
): Promise<Approval | undefined> {
  const row = await trx
    .selectFrom('connector.approvals as a')
    .innerJoin('connector.run_steps as s', 's.approval_id', 'a.id')
    .selectAll('a')
    .where('s.run_id', '=', runId)
    .where('s.key', '=', stepKey)
    .whereRef('a.run_id', '=', 's.run_id')
    .forUpdate('a')
    .executeTakeFirst();
  return row && toApproval(row);
}

/** Newest first. */
export async function listApprovals(db: Reader, tenantId: string, limit: number): Promise<readonly Approval[]> {
  const rows = await db
    .selectFrom('connector.approvals')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toApproval);
}

/** A "yes" of a run, and the action step that it is for; null: any. */
export interface Granted {
  readonly approvalId: string;
  readonly digests: readonly string[];
  readonly stepKey: string | null;
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
    .select(['a.id', 'a.digests', 'a.step_key', 's.key', 's.kind'])
    .where('a.run_id', '=', run.id)
    .where('a.tenant_id', '=', run.tenantId)
    .where('a.status', '=', 'approved')
    .orderBy('a.id')
    .execute();
  return rows.map(({ id, digests, step_key, key, kind }) => ({
    approvalId: id,
    digests,
    stepKey: kind === 'approval' ? null : (key ?? step_key),
  }));
}

export async function listOpen(
  db: Reader,
  run: { readonly id: string; readonly tenantId: string },
): Promise<readonly Approval[]> {
  const rows = await db
    .selectFrom('connector.approvals')
    .selectAll()
    .where('run_id', '=', run.id)
    .where('tenant_id', '=', run.tenantId)
    .where('status', '=', 'requested')
    .orderBy('id')
    .execute();
  return rows.map(toApproval);
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
    connectionId: row.connection_id,
    connector: row.connector,
    channel: row.channel,
    target: row.target,
    approvers: row.approvers,
    status: row.status,
    ref: row.ref,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at?.getTime() ?? null,
    expiresAt: row.expires_at.getTime(),
  };
}
