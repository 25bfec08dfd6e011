import { sql, type Transaction } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { ParsedEvent } from '../types/connector-calls.ts';
import type { Database, Db } from '../types/database.ts';
import type { DeliveryOutcome, DeliveryResult, PendingDelivery } from '../types/delivery.ts';
import type { JobQueue } from '../types/jobs.ts';
import type { EventSource, Recorded } from './insert-events.ts';
import { createRecordEvents } from './record-events.ts';

/** A person's click, and what came of it. */
export interface AnsweredClick {
  readonly approvalId: string;
  readonly decision: 'approved' | 'denied';
  readonly actor: string;
  readonly status: string;
  readonly code?: string;
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
  /** For a delivery of an approval channel: done, with what came of it. Undefined: it was no decision. */
  finish(delivery: PendingDelivery, click: AnsweredClick | undefined): Promise<void>;
}

export function createPostgresEventStore(options: {
  readonly db: Db;
  readonly jobs: JobQueue;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}): EventStore {
  const { db, audit } = options;
  const recordEvents = createRecordEvents(options);

  async function markDone(
    executor: Db | Transaction<Database>,
    delivery: PendingDelivery,
    { outcome, result, details, runId }: Ending,
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
        update connector.deliveries set status = 'done', claimed_until = null,
          outcome = ${outcome}, result = ${result === null ? null : JSON.stringify(result)}::json
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
          const { events, runs } = await recordEvents(trx, sourceOf(delivery), parsed, workflows);
          const [runId] = runs.length === 1 ? runs : [];
          // Last, so that the lock on the tenant's audit head is short.
          const details = { events, runs };
          const result = { events: events.length, duplicates: parsed.length - events.length, runs: runs.length };
          const outcome = parsed.length === 0 ? 'no-trigger' : events.length === 0 ? 'duplicate-events' : 'events';
          if (!(await markDone(trx, delivery, { outcome, result, details, runId }))) throw new TakenOver();
          return { events, runs };
        });
      } catch (error) {
        if (error instanceof TakenOver) return undefined;
        throw error;
      }
    },

    async finish(delivery, click) {
      if (click === undefined) {
        await markDone(db, delivery, { outcome: 'no-decision', result: null, details: { decision: 'none' } });
        return;
      }
      const { actor: _, ...result } = click;
      await markDone(db, delivery, { outcome: 'decision', result, details: { ...click } });
    },
  };
}

interface Ending {
  readonly outcome: DeliveryOutcome;
  readonly result: DeliveryResult | null;
  /** Of the audit's entry. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly runId?: string | undefined;
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
