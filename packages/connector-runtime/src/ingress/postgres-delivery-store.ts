import { sql } from 'kysely';
import type { Db } from '../types/database.ts';
import type { VerifiedDelivery } from '../types/delivery.ts';

/** `inactive`: the endpoint was disabled since it was looked up, or its address or the secret that signed was withdrawn. */
export type Acceptance = 'accepted' | 'duplicate' | 'inactive';

export interface DeliveryStore {
  /** One statement, one round trip: the row is the dedupe and the pending work at once. */
  accept(delivery: VerifiedDelivery): Promise<Acceptance>;
}

export function createPostgresDeliveryStore(db: Db): DeliveryStore {
  return {
    async accept(delivery) {
      const { endpoint, body, dedupeDigest } = delivery;
      const receivedAt = new Date(delivery.receivedAt);
      const { rows } = await sql<{ active: boolean; inserted: boolean }>`
        with endpoint as (
          select id, tenant_id from connector.endpoints e
          where id = ${endpoint.id} and tenant_id = ${endpoint.tenantId} and not disabled
            and exists (select 1 from connector.endpoint_addresses
              where id = ${endpoint.addressId} and endpoint_id = e.id and ${isCurrent(receivedAt)})
            and exists (select 1 from connector.endpoint_secrets
              where id = any(${delivery.secretIds}::uuid[]) and endpoint_id = e.id and ${isCurrent(receivedAt)})
        ), inserted as (
          insert into connector.deliveries
            (id, tenant_id, endpoint_id, delivery_key, dedupe_digest, content_type, headers, body, received_at)
          select ${delivery.id}::uuid, tenant_id, id, ${delivery.deliveryKey}::text,
                 ${dedupeDigest === null ? null : asBuffer(dedupeDigest)}::bytea, ${delivery.contentType}::text,
                 ${JSON.stringify(delivery.headers)}::json, ${asBuffer(body)}::bytea,
                 ${receivedAt}::timestamptz
          from endpoint
          on conflict do nothing
          returning 1
        )
        select exists(select 1 from endpoint) as active, exists(select 1 from inserted) as inserted`.execute(db);
      const [row] = rows;
      if (!row?.active) return 'inactive';
      return row.inserted ? 'accepted' : 'duplicate';
    },
  };
}

const isCurrent = (at: Date) => sql`(expires_at is null or expires_at > ${at}::timestamptz)`;

/** The driver sends a Buffer as bytes and any other array as text. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
