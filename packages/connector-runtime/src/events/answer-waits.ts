import { sql, type Transaction } from 'kysely';
import type { Database } from '../types/database.ts';
import { comparableFields } from '../types/event-match.ts';

export interface FreshEvent {
  readonly id: string;
  readonly data: unknown;
}

/**
 * Gives the waits of a workspace the first of the new events that fits. Statement by statement: it sees the waits that were
 * begun before the lock of `insertEvents` was given, and none of them is answered twice.
 *
 * @returns the runs that waited; their jobs are the caller's to send
 */
export async function answerWaits(
  trx: Transaction<Database>,
  source: { readonly tenantId: string; readonly workspaceId: string; readonly trigger: string },
  events: readonly FreshEvent[],
  now: number,
): Promise<readonly string[]> {
  if (events.length === 0) return [];
  const { tenantId, workspaceId, trigger } = source;
  const { rows } = await sql<{ run_id: string }>`
    with fresh as materialized (
      select * from unnest(${events.map(({ id }) => id)}::uuid[],
        ${events.map(({ data }) => JSON.stringify(comparableFields(data)))}::jsonb[]) with ordinality as e (id, fields, place)
    ), answered as materialized (
      select w.run_id, w.step_key, w.match from connector.event_waits w
      where w.tenant_id = ${tenantId} and w.workspace_id = ${workspaceId} and w.trigger = ${trigger}
        and exists (select from fresh e where e.fields @> w.match)
      -- In one order for everybody, so that two batches wait for each other instead of deadlocking.
      order by w.run_id, w.step_key for update of w
    ), gone as (
      delete from connector.event_waits w using answered a where w.run_id = a.run_id and w.step_key = a.step_key
    )
    update connector.run_steps s set status = 'succeeded', due_at = null, finished_at = ${new Date(now)}::timestamptz,
      event_id = (select e.id from fresh e where e.fields @> a.match order by e.place limit 1)
    from answered a
    where s.run_id = a.run_id and s.key = a.step_key and s.tenant_id = ${tenantId} and s.status = 'waiting'
    returning s.run_id`.execute(trx);
  return [...new Set(rows.map((row) => row.run_id))];
}
