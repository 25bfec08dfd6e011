import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import { unknownDelivery } from './unknown-delivery.ts';

interface ReplayPorts {
  readonly db: Db;
  readonly audit: AuditTrail;
}

interface Replay {
  readonly tenantId: string;
  readonly by: string;
}

export interface Replayed {
  readonly replayed: number;
  /** Dead ones of the endpoint that are still there. */
  readonly left: number;
}

/**
 * Work again, as if it had just been accepted. Its claims are counted anew but never fall: a node that still holds it from
 * before writes nothing.
 */
const AGAIN = sql`status = 'pending', earlier_claims = claims, claimed_until = null, error = null`;

/** Puts a dead delivery back into the queue. Throws `DELIVERY_UNKNOWN` | `DELIVERY_NOT_DEAD`. */
export async function replayDelivery(
  { db, audit }: ReplayPorts,
  { tenantId, deliveryId, by }: Replay & { readonly deliveryId: string },
): Promise<void> {
  const entry = {
    tenantId,
    kind: 'delivery.replayed',
    actor: by,
    subject: `delivery:${deliveryId}`,
    details: { count: 1 },
  };
  const { rows } = await sql`
    with replayed as (
      update connector.deliveries set ${AGAIN}
      where id = ${deliveryId} and tenant_id = ${tenantId} and status = 'dead' returning id
    )
    select ${audit.append(entry)} from replayed`.execute(db);
  if (rows.length > 0) return;
  const found = await db
    .selectFrom('connector.deliveries')
    .select('status')
    .where('id', '=', deliveryId)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  if (found === undefined) throw unknownDelivery(deliveryId);
  throw new RuntimeError(
    'DELIVERY_NOT_DEAD',
    `delivery ${deliveryId} is ${found.status}: only a dead one can be replayed`,
    { details: { status: found.status } },
  );
}

/** Puts an endpoint's dead deliveries back, the oldest first and at most `limit`. Throws `ENDPOINT_UNKNOWN`. */
export async function replayDeadDeliveries(
  { db, audit }: ReplayPorts,
  { tenantId, endpointId, limit, by }: Replay & { readonly endpointId: string; readonly limit: number },
): Promise<Replayed> {
  return db.transaction().execute(async (trx) => {
    const endpoint = await trx
      .selectFrom('connector.endpoints')
      .select('id')
      .where('id', '=', endpointId)
      .where('tenant_id', '=', tenantId)
      .executeTakeFirst();
    if (endpoint === undefined) {
      throw new RuntimeError('ENDPOINT_UNKNOWN', `there is no endpoint ${endpointId} here`);
    }
    const again = await sql`
      update connector.deliveries set ${AGAIN}
      where id in (
        select id from connector.deliveries
        where endpoint_id = ${endpointId} and tenant_id = ${tenantId} and status = 'dead'
        order by id limit ${limit} for update skip locked
      )`.execute(trx);
    const replayed = Number(again.numAffectedRows);
    const { rows } = await sql<{ left: number }>`select count(*)::int as left from connector.deliveries
      where endpoint_id = ${endpointId} and tenant_id = ${tenantId} and status = 'dead'`.execute(trx);
    if (replayed > 0) {
      const entry = {
        tenantId,
        kind: 'delivery.replayed',
        actor: by,
        subject: `endpoint:${endpointId}`,
        details: { count: replayed },
      };
      await sql`select ${audit.append(entry)}`.execute(trx);
    }
    return { replayed, left: rows[0]?.left ?? 0 };
  });
}
