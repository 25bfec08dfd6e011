import type { VerifiedDelivery } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import { createGathering, type Gathering } from '../types/gathering.ts';
import type { RunPrepared } from '../types/prepared-statement.ts';

/** `inactive`: the endpoint was disabled since it was looked up, or its address or the secret that signed was withdrawn. */
export type Acceptance = 'accepted' | 'duplicate' | 'inactive';

export interface DeliveryStore {
  /** One round trip: the row is the dedupe and the pending work at once. */
  accept(delivery: VerifiedDelivery): Promise<Acceptance>;
}

/**
 * Accepts deliveries of one tenant. Inserted in one order, so that two nodes that were sent the same ones do not wait for each
 * other in a circle. Bodies come one after the other in one value: an array of them would travel as text, twice as long.
 */
const ACCEPT_DELIVERIES = {
  name: 'accept-deliveries',
  text: `
    with given as (
      select * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
        $9::uuid[], $10::text[], $11::int[], $12::int[]) with ordinality
        as g (endpoint_id, id, delivery_key, digest, content_type, headers, received_at,
          address_id, secret_ids, body_from, body_length, place)
    ), active as (
      select g.* from given g
      join connector.endpoints e on e.id = g.endpoint_id and e.tenant_id = $1 and not e.disabled
      where exists (select 1 from connector.endpoint_addresses
          where id = g.address_id and endpoint_id = e.id and (expires_at is null or expires_at > g.received_at))
        and exists (select 1 from connector.endpoint_secrets
          where id = any(g.secret_ids::uuid[]) and endpoint_id = e.id
            and (expires_at is null or expires_at > g.received_at))
    ), inserted as (
      insert into connector.deliveries
        (id, tenant_id, endpoint_id, delivery_key, dedupe_digest, content_type, headers, body, received_at)
      select id, $1::uuid, endpoint_id, delivery_key, decode(digest, 'hex'), content_type, headers::json,
        substring($13::bytea from body_from + 1 for body_length), received_at
      from active order by endpoint_id, delivery_key
      on conflict do nothing
      returning id
    )
    select active.id is not null as active, inserted.id is not null as inserted
    from given left join active using (id) left join inserted using (id)
    order by given.place`,
};

interface AcceptedRow {
  readonly active: boolean;
  readonly inserted: boolean;
}

/** A tenant's deliveries that come while others of it are being stored are stored by one statement, and committed once. */
const TOGETHER = { maxItems: 100, maxWeight: 1024 * 1024, atOnce: 2 };

/** @param timeoutMs how long a delivery waits for its statement to begin, and for its end; nobody waits for its answer any more then */
export function createPostgresDeliveryStore(run: RunPrepared, timeoutMs = 5_000): DeliveryStore {
  // By tenant: what is wrong with one's delivery, or in its way, holds up no other.
  const gatherings = new Map<string, Gathering<VerifiedDelivery, Acceptance>>();

  function gatheringOf(tenantId: string): Gathering<VerifiedDelivery, Acceptance> {
    const known = gatherings.get(tenantId);
    if (known) return known;
    const gathering = createGathering<VerifiedDelivery, Acceptance>({
      ...TOGETHER,
      weigh: ({ body }) => body.length,
      askAll: async (deliveries) =>
        (await run<AcceptedRow>(ACCEPT_DELIVERIES, valuesOf(tenantId, deliveries))).map(toAcceptance),
      isOfOne: isOfOneRow,
      maxWaitMs: timeoutMs,
      onIdle: () => gatherings.delete(tenantId),
      late: () => new RuntimeError('WEBHOOK_UNAVAILABLE', `the database took nothing for ${timeoutMs} ms`),
    });
    gatherings.set(tenantId, gathering);
    return gathering;
  }

  return {
    accept: (delivery) => gatheringOf(delivery.endpoint.tenantId).ask(delivery),
  };
}

function toAcceptance({ active, inserted }: AcceptedRow): Acceptance {
  if (!active) return 'inactive';
  return inserted ? 'accepted' : 'duplicate';
}

function valuesOf(tenantId: string, deliveries: readonly VerifiedDelivery[]): unknown[] {
  let from = 0;
  const starts = deliveries.map(({ body }) => {
    from += body.length;
    return from - body.length;
  });
  return [
    tenantId,
    deliveries.map(({ endpoint }) => endpoint.id),
    deliveries.map(({ id }) => id),
    deliveries.map(({ deliveryKey }) => deliveryKey),
    deliveries.map(({ dedupeDigest }) => dedupeDigest && Buffer.from(dedupeDigest).toString('hex')),
    deliveries.map(({ contentType }) => contentType),
    deliveries.map(({ headers }) => JSON.stringify(headers)),
    deliveries.map(({ receivedAt }) => new Date(receivedAt).toISOString()),
    deliveries.map(({ endpoint }) => endpoint.addressId),
    deliveries.map(({ secretIds }) => `{${secretIds.join(',')}}`),
    starts,
    deliveries.map(({ body }) => body.length),
    Buffer.concat(deliveries.map(({ body }) => body)),
  ];
}

/** A value that its column does not take, a row that a constraint refuses, or another order of locks than another node's. */
function isOfOneRow(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^(22|23|40)[0-9A-Z]{3}$/.test(code);
}
