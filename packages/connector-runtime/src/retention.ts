import { sql, type Transaction } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { type AuditTrail, DEPLOYMENT } from './types/audit.ts';
import type { Clock } from './types/clock.ts';
import type { Database, Db } from './types/database.ts';

/** How long deliveries are kept: as long as they are, one that comes again is a duplicate. */
export interface Retention {
  /** Of those that are done. At least 30: senders redeliver for days. */
  readonly deliveryDays: number;
  /** Of those that are dead, and could still be replayed. At least 30. */
  readonly deadDeliveryDays: number;
}

export interface Swept {
  readonly deliveries: number;
  readonly deadDeliveries: number;
  readonly addresses: number;
  readonly secrets: number;
}

export interface RetentionPorts {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly retention: Retention;
  /** Rows of each kind at once. Default 1,000. */
  readonly batchSize?: number;
}

const DAY_MS = 86_400_000;

/** Sweeps until nothing is left that is past its time, or the node stops. Any number of nodes may at once. */
export async function sweepAll(ports: RetentionPorts, signal?: AbortSignal): Promise<void> {
  const { batchSize = 1000 } = ports;
  for (let isFull = true; isFull && !signal?.aborted; ) {
    const { deliveries, deadDeliveries, addresses, secrets } = await sweep(ports);
    isFull = [deliveries + deadDeliveries, addresses, secrets].some((count) => count >= batchSize);
  }
}

/**
 * Deletes one batch of what is past its time: deliveries, with their bodies, and addresses and secrets that have ended. Events and
 * runs stay, so an event that is seen again is still one. One transaction, with its audit entry.
 */
export async function sweep({ db, audit, clock, retention, batchSize = 1000 }: RetentionPorts): Promise<Swept> {
  const now = clock.now();
  return db.transaction().execute(async (trx) => {
    const swept: Swept = {
      ...(await deleteDeliveries(trx, now, retention, batchSize)),
      addresses: await deleteEnded(trx, 'connector.endpoint_addresses', now, batchSize),
      secrets: await deleteEnded(trx, 'connector.endpoint_secrets', now, batchSize),
    };
    if (Object.values(swept).some((count) => count > 0)) {
      const details = { ...swept, ...retention };
      const entry = { tenantId: DEPLOYMENT, kind: 'retention.swept', actor: 'system', subject: 'deliveries', details };
      await sql`select ${audit.append(entry)}`.execute(trx);
    }
    return swept;
  });
}

async function deleteDeliveries(
  trx: Transaction<Database>,
  now: number,
  { deliveryDays, deadDeliveryDays }: Retention,
  batchSize: number,
): Promise<Pick<Swept, 'deliveries' | 'deadDeliveries'>> {
  const [done, dead] = [now - deliveryDays * DAY_MS, now - deadDeliveryDays * DAY_MS];
  // Ids begin with the time of arrival: the oldest are found by the primary key, without an index on the time.
  const youngest = uuidv7({ msecs: Math.max(done, dead) + 1, seq: 0, random: new Uint8Array(16) });
  const { rows } = await sql<{ status: 'done' | 'dead'; count: number }>`
    with old as (
      select id from connector.deliveries
      where id < ${youngest} and (status = 'done' and received_at <= ${new Date(done)}
        or status = 'dead' and received_at <= ${new Date(dead)})
      order by id limit ${batchSize} for update skip locked
    ), gone as (
      delete from connector.deliveries where id in (select id from old) returning status
    )
    select status, count(*)::int as count from gone group by status`.execute(trx);
  const of = (wanted: 'done' | 'dead') => rows.find(({ status }) => status === wanted)?.count ?? 0;
  return { deliveries: of('done'), deadDeliveries: of('dead') };
}

async function deleteEnded(
  trx: Transaction<Database>,
  table: 'connector.endpoint_addresses' | 'connector.endpoint_secrets',
  now: number,
  batchSize: number,
): Promise<number> {
  const gone = await sql`
    delete from ${sql.table(table)} where id in (
      select id from ${sql.table(table)} where expires_at <= ${new Date(now)}
      order by expires_at limit ${batchSize} for update skip locked
    )`.execute(trx);
  return Number(gone.numAffectedRows);
}
