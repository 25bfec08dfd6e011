import { sql, type Transaction } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { ParsedEvent } from '../types/connector-calls.ts';
import type { Database } from '../types/database.ts';
import { waitLock } from '../types/event-match.ts';
import { answerWaits } from './answer-waits.ts';

export interface Recorded {
  /** Ids of the events that were new. */
  readonly events: readonly string[];
  /** Runs that the new events started, and those that waited for one of them. */
  readonly runs: readonly string[];
}

/** Where events come from. */
export interface EventSource {
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly connectionId: string;
  /** Full name of the trigger: `servicenow.incident-changed`. */
  readonly trigger: string;
  /** Null when no webhook brought them. */
  readonly deliveryId: string | null;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** What happened too long ago to be news: kept, so that it is seen once, but nobody who waits is answered with it. */
  readonly tooOld?: boolean;
}

/**
 * New events, one run for each and every workflow of them, and their answers to runs that wait for them. Its caller sends the
 * runs' jobs in the same transaction.
 */
export async function insertEvents(
  trx: Transaction<Database>,
  source: EventSource,
  parsed: readonly ParsedEvent[],
  workflows: readonly string[],
  now: number,
): Promise<Recorded> {
  if (parsed.length === 0) return { events: [], runs: [] };
  // One order for all nodes: two deliveries with the same events wait for each other instead of deadlocking.
  const events = parsed
    .map(({ eventKey, data }, place) => ({
      id: uuidv7({ msecs: now }),
      place,
      eventKey,
      data: JSON.stringify(data ?? null),
    }))
    .sort((a, b) => (a.eventKey < b.eventKey ? -1 : 1));
  const runs = events.flatMap(({ id }) =>
    workflows.map((workflow) => ({ id: uuidv7({ msecs: now }), eventId: id, workflow })),
  );
  const { tenantId, workspaceId, connectionId, trigger, deliveryId, receivedAt } = source;
  const { rows } = await sql<{ kind: 'event' | 'run' | 'lock'; id: string }>`
    with fresh as (
      insert into connector.events
        (id, tenant_id, workspace_id, connection_id, trigger, event_key, data, delivery_id, received_at)
      select e.id, ${tenantId}::uuid, ${workspaceId}::uuid, ${connectionId}::uuid,
             ${trigger}::text, e.event_key, e.data, ${deliveryId}::uuid,
             ${new Date(receivedAt)}::timestamptz
      from unnest(${events.map(({ id }) => id)}::uuid[], ${events.map(({ eventKey }) => eventKey)}::text[],
                  ${events.map(({ data }) => data)}::json[]) as e (id, event_key, data)
      on conflict (connection_id, trigger, event_key) do nothing
      returning id
    ), started as (
      insert into connector.runs (id, tenant_id, workspace_id, workflow, event_id, created_at, updated_at)
      select r.id, ${tenantId}::uuid, ${workspaceId}::uuid, r.workflow, r.event_id,
             ${new Date(now)}::timestamptz, ${new Date(now)}::timestamptz
      from unnest(${runs.map(({ id }) => id)}::uuid[], ${runs.map(({ eventId }) => eventId)}::uuid[],
                  ${runs.map(({ workflow }) => workflow)}::text[]) as r (id, event_id, workflow)
      join fresh on fresh.id = r.event_id
      on conflict (workflow, event_id) do nothing
      returning id
    ), lock as materialized (${waitLock('stores events', source)})
    select 'event' as kind, id from fresh union all select 'run', id from started
    union all select 'lock', null from lock`.execute(trx);
  const idsOf = (kind: 'event' | 'run') => rows.filter((row) => row.kind === kind).map(({ id }) => id);
  const fresh = new Set(idsOf('event'));
  const inOrder = events.filter(({ id }) => fresh.has(id)).sort((a, b) => a.place - b.place);
  if (source.tooOld) return { events: [...fresh], runs: idsOf('run') };
  const woken = await answerWaits(
    trx,
    source,
    inOrder.map(({ id, data }) => ({ id, data: JSON.parse(data) })),
    now,
  );
  return { events: [...fresh], runs: [...idsOf('run'), ...woken] };
}
