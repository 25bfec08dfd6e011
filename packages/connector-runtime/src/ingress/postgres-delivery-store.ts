import type { VerifiedDelivery } from '../types/delivery.ts';
import type { RunPrepared } from '../types/prepared-statement.ts';

/** `inactive`: the endpoint was disabled since it was looked up, or its address or the secret that signed was withdrawn. */
export type Acceptance = 'accepted' | 'duplicate' | 'inactive';

export interface DeliveryStore {
  /** One statement, one round trip: the row is the dedupe and the pending work at once. */
  accept(delivery: VerifiedDelivery): Promise<Acceptance>;
}

export const ACCEPT_DELIVERY = {
  name: 'accept-delivery',
  text: `
    with endpoint as (
      select id, tenant_id from connector.endpoints e
      where id = $1 and tenant_id = $2 and not disabled
        and exists (select 1 from connector.endpoint_addresses
          where id = $10 and endpoint_id = e.id and (expires_at is null or expires_at > $9::timestamptz))
        and exists (select 1 from connector.endpoint_secrets
          where id = any($11::uuid[]) and endpoint_id = e.id and (expires_at is null or expires_at > $9::timestamptz))
    ), inserted as (
      insert into connector.deliveries
        (id, tenant_id, endpoint_id, delivery_key, dedupe_digest, content_type, headers, body, received_at)
      select $3::uuid, tenant_id, id, $4::text, $5::bytea, $6::text, $7::json, $8::bytea, $9::timestamptz
      from endpoint
      on conflict do nothing
      returning 1
    )
    select exists(select 1 from endpoint) as active, exists(select 1 from inserted) as inserted`,
};

export function createPostgresDeliveryStore(run: RunPrepared): DeliveryStore {
  return {
    async accept(delivery) {
      const { endpoint, body, dedupeDigest } = delivery;
      const [row] = await run<{ active: boolean; inserted: boolean }>(ACCEPT_DELIVERY, [
        endpoint.id,
        endpoint.tenantId,
        delivery.id,
        delivery.deliveryKey,
        dedupeDigest === null ? null : asBuffer(dedupeDigest),
        delivery.contentType,
        JSON.stringify(delivery.headers),
        asBuffer(body),
        new Date(delivery.receivedAt).toISOString(),
        endpoint.addressId,
        delivery.secretIds,
      ]);
      if (!row?.active) return 'inactive';
      return row.inserted ? 'accepted' : 'duplicate';
    },
  };
}

/** The driver sends a Buffer as bytes and any other array as text. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
