import { sql, type Transaction } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { ParsedEvent } from '../types/connector-calls.ts';
import type { Database, Db } from '../types/database.ts';
import type { PendingDelivery } from '../types/delivery.ts';
import type { JobQueue } from '../types/jobs.ts';
import { type EventSource, insertEvents, type Recorded } from './insert-events.ts';

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
          const { events, runs } = await insertEvents(trx, sourceOf(delivery), parsed, workflows, clock.now());
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

function sourceOf({
  id,
  connector,
  purpose,
  tenantId,
  workspaceId,
  connectionId,
  receivedAt,
}: PendingDelivery): EventSource {
  const trigger = `${connector}.${purpose.name}`;
  return { tenantId, workspaceId, connectionId, trigger, deliveryId: id, receivedAt };
}
