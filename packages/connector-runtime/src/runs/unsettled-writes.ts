import type { Transaction } from 'kysely';
import type { Database, Db } from '../types/database.ts';
import type { RunStatus, StepError } from '../types/run.ts';

/** A write that perhaps took effect, as the person who settles it is shown it: without its input. Times are ISO 8601. */
export interface UnsettledWrite {
  readonly runId: string;
  readonly stepKey: string;
  readonly workspaceId: string;
  readonly workflow: string;
  readonly runStatus: RunStatus;
  readonly action: string | null;
  /** Where it was sent; null: the connection was deleted since. */
  readonly connection: { readonly id: string; readonly name: string } | null;
  /** What the connector marked the write with, to be found at the SaaS. */
  readonly idempotencyKey: string;
  readonly attempts: number;
  /** When the last attempt was about to be sent. */
  readonly attemptedAt: string | null;
  /** How often the last attempt was looked for, also where the look failed. */
  readonly looks: number;
  /** When the runtime looks or sends again by itself; null: it does not. */
  readonly dueAt: string | null;
  /** `wait`: the runtime goes on at `dueAt`, unless a person settles it before. `settle`: only a person can. */
  readonly next: 'wait' | 'settle';
  readonly error: StepError | null;
}

/** A tenant's writes whose outcome nobody knows, those that have waited longest first. */
export async function readUnsettled(
  db: Db | Transaction<Database>,
  tenantId: string,
  limit: number,
): Promise<readonly UnsettledWrite[]> {
  const rows = await db
    .selectFrom('connector.run_steps as s')
    .innerJoin('connector.runs as r', (join) =>
      join.onRef('r.id', '=', 's.run_id').onRef('r.tenant_id', '=', 's.tenant_id'),
    )
    .leftJoin('connector.connections as c', (join) =>
      join.onRef('c.id', '=', 's.connection_id').onRef('c.tenant_id', '=', 's.tenant_id'),
    )
    .select(['s.run_id', 's.key', 's.action', 's.idempotency_key', 's.attempts', 's.attempted_at', 's.looks'])
    .select(['s.due_at', 's.error', 'r.workspace_id', 'r.workflow', 'r.status', 'r.finished_at'])
    .select(['c.id as connection_id', 'c.name as connection_name'])
    .where('s.tenant_id', '=', tenantId)
    .where('s.status', '=', 'unknown')
    .orderBy('s.attempted_at')
    .orderBy('s.run_id')
    .orderBy('s.key')
    .limit(limit)
    .execute();
  return rows.map((row) => {
    // Nobody works on a run that is over, whatever its step was due for.
    const dueAt = row.finished_at === null ? (row.due_at?.toISOString() ?? null) : null;
    const { connection_id: id, connection_name: name } = row;
    return {
      runId: row.run_id,
      stepKey: row.key,
      workspaceId: row.workspace_id,
      workflow: row.workflow,
      runStatus: row.status,
      action: row.action,
      connection: id === null || name === null ? null : { id, name },
      idempotencyKey: row.idempotency_key,
      attempts: row.attempts,
      attemptedAt: row.attempted_at?.toISOString() ?? null,
      looks: row.looks,
      dueAt,
      next: dueAt === null ? 'settle' : 'wait',
      error: row.error,
    };
  });
}
