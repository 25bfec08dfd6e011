import { sql, type Transaction } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { ParsedEvent } from '../types/connector-calls.ts';
import type { Database, Db } from '../types/database.ts';
import type { PendingDelivery } from '../types/delivery.ts';
import type { JobQueue } from '../types/jobs.ts';

export interface Recorded {
  /** Ids of the events that were new. */
  readonly events: readonly string[];
  readonly runs: readonly string[];
}

export interface EventStore {
  /**
   * In one transaction: the new events, one run per event and workflow with its job, the delivery as done, the audit.
   * Undefined, and nothing is written, when another node has taken the delivery over meanwhile.
   */
  record(
    delivery: PendingDelivery,
    events: readonly ParsedEvent[],
    workflows: readonly string[],
  ): Promise<Recorded | undefined>;
  /** For a delivery that is no event: done, with what came of it. */
  finish(delivery: PendingDelivery, outcome: Readonly<Record<string, unknown>>): Promise<void>;
}

export function createPostgresEventStore(options: {
  readonly db: Db;
  readonly jobs: JobQueue;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}): EventStore {
  const { db, jobs, audit, clock } = options;

  async function markDone(
    executor: Db | Transaction<Database>,
    delivery: PendingDelivery,
    details: Readonly<Record<string, unknown>>,
    runId: string | undefined,
  ): Promise<boolean> {
    const { id, tenantId, claims } = delivery;
    const record = {
      tenantId,
      kind: 'webhook.accepted',
      actor: 'system',
      subject: `endpoint:${delivery.endpointId}`,
      details: { delivery: id, deliveryKey: delivery.deliveryKey, ...details },
      ...(runId === undefined ? {} : { runId }),
    };
    const { rows } = await sql`
      with done as (
        update connector.deliveries set status = 'done', claimed_until = null
        where id = ${id} and tenant_id = ${tenantId} and status = 'pending' and claims = ${claims}
        returning id
      )
      select ${audit.append(record)} from done`.execute(executor);
    return rows.length > 0;
  }

  return {
    async record(delivery, parsed, workflows) {
      try {
        return await db.transaction().execute(async (trx) => {
          const { events, runs } = await insertEvents(trx, delivery, parsed, workflows, clock.now());
          if (runs.length > 0)
            await jobs.send(
              trx,
              runs.map((runId) => ({ queue: 'run', runId })),
            );
          const [runId] = runs.length === 1 ? runs : [];
          // Last, so that the lock on the tenant's audit head is short.
          if (!(await markDone(trx, delivery, { events, runs }, runId))) throw new TakenOver();
          return { events, runs };
        });
      } catch (error) {
        if (error instanceof TakenOver) return undefined;
        throw error;
      }
    },

    async finish(delivery, outcome) {
      await markDone(db, delivery, outcome, undefined);
    },
  };
}

/** Rolls the transaction back: the lease ran out and the delivery is another node's now. */
class TakenOver extends Error {}

async function insertEvents(
  trx: Transaction<Database>,
  delivery: PendingDelivery,
  parsed: readonly ParsedEvent[],
  workflows: readonly string[],
  now: number,
): Promise<Recorded> {
  if (parsed.length === 0) return { events: [], runs: [] };
  // One order for all nodes: two deliveries with the same events wait for each other instead of deadlocking.
  const events = parsed
    .map(({ eventKey, data }) => ({ id: uuidv7({ msecs: now }), eventKey, data: JSON.stringify(data ?? null) }))
    .sort((a, b) => (a.eventKey < b.eventKey ? -1 : 1));
  const runs = events.flatMap(({ id }) =>
    workflows.map((workflow) => ({ id: uuidv7({ msecs: now }), eventId: id, workflow })),
  );
  const { tenantId, workspaceId, connectionId } = delivery;
  const { rows } = await sql<{ kind: 'event' | 'run'; id: string }>`
    with fresh as (
      insert into connector.events
        (id, tenant_id, workspace_id, connection_id, trigger, event_key, data, delivery_id, received_at)
      select e.id, ${tenantId}::uuid, ${workspaceId}::uuid, ${connectionId}::uuid,
             ${`${delivery.connector}.${delivery.purpose.name}`}::text, e.event_key, e.data, ${delivery.id}::uuid,
             ${new Date(delivery.receivedAt)}::timestamptz
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
    )
    select 'event' as kind, id from fresh union all select 'run', id from started`.execute(trx);
  const idsOf = (kind: 'event' | 'run') => rows.filter((row) => row.kind === kind).map(({ id }) => id);
  return { events: idsOf('event'), runs: idsOf('run') };
}
