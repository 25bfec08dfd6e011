import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import type { EndpointPurpose, PendingDelivery } from '../types/delivery.ts';
import type { StepError } from '../types/run.ts';

/** Deliveries as work: claimed by one node at a time, kept until they are done or somebody looks at why not. */
export interface DeliveryQueue {
  /** Oldest first. Nobody else gets them before the lease is over. */
  claim(limit: number): Promise<readonly PendingDelivery[]>;
  /** The lease begins anew for those that are still this node's. */
  renew(deliveries: readonly PendingDelivery[]): Promise<void>;
  /** Back into the queue, not to be taken before `notBefore` (milliseconds since 1970). */
  retry(delivery: PendingDelivery, notBefore: number): Promise<void>;
  /** Out of the queue, body and all kept, with the reason; audited. */
  bury(delivery: PendingDelivery, reason: StepError): Promise<void>;
}

interface Row {
  readonly id: string;
  readonly tenant_id: string;
  readonly workspace_id: string;
  readonly endpoint_id: string;
  readonly connection_id: string;
  readonly connector: string;
  readonly purpose: EndpointPurpose['kind'];
  readonly name: string;
  readonly delivery_key: string;
  readonly content_type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly received_at: Date;
  readonly claims: number;
  readonly tries: number;
}

export function createPostgresDeliveryQueue(options: {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly leaseMs: number;
}): DeliveryQueue {
  const { db, audit, clock, leaseMs } = options;
  return {
    async claim(limit) {
      const now = clock.now();
      const { rows } = await sql<Row>`
        with free as (
          select id from connector.deliveries
          where status = 'pending' and (claimed_until is null or claimed_until <= ${new Date(now)})
          order by received_at, id limit ${limit} for update skip locked
        )
        update connector.deliveries d
        set claimed_until = ${new Date(now + leaseMs)}, claims = d.claims + 1
        from free, connector.endpoints e
        where d.id = free.id and e.id = d.endpoint_id
        returning d.id, d.tenant_id, e.workspace_id, d.endpoint_id, e.connection_id, e.connector, e.purpose, e.name,
                  d.delivery_key, d.content_type, d.headers, d.body, d.received_at, d.claims,
                  d.claims - d.earlier_claims as tries`.execute(db);
      return rows.map(toPending).sort((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1));
    },

    async renew(deliveries) {
      await sql`
        update connector.deliveries d set claimed_until = greatest(d.claimed_until, ${new Date(clock.now() + leaseMs)})
        from unnest(${deliveries.map(({ id }) => id)}::uuid[], ${deliveries.map(({ tenantId }) => tenantId)}::uuid[],
                    ${deliveries.map(({ claims }) => claims)}::int[]) as held (id, tenant_id, claims)
        where d.id = held.id and d.tenant_id = held.tenant_id and d.status = 'pending' and d.claims = held.claims`.execute(
        db,
      );
    },

    async retry({ id, tenantId, claims }, notBefore) {
      await sql`
        update connector.deliveries set claimed_until = ${new Date(notBefore)}
        where id = ${id} and tenant_id = ${tenantId} and status = 'pending' and claims = ${claims}`.execute(db);
    },

    async bury({ id, tenantId, claims, tries, endpointId }, reason) {
      const record = {
        tenantId,
        kind: 'delivery.dead',
        actor: 'system',
        subject: `delivery:${id}`,
        details: { endpointId, code: reason.code, claims: tries },
      };
      await sql`
        with buried as (
          update connector.deliveries set status = 'dead', claimed_until = null, error = ${JSON.stringify(reason)}::json
          where id = ${id} and tenant_id = ${tenantId} and status = 'pending' and claims = ${claims}
          returning id
        )
        select ${audit.append(record)} from buried`.execute(db);
    },
  };
}

function toPending(row: Row): PendingDelivery {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    workspaceId: row.workspace_id,
    endpointId: row.endpoint_id,
    connectionId: row.connection_id,
    connector: row.connector,
    purpose: { kind: row.purpose, name: row.name },
    deliveryKey: row.delivery_key,
    contentType: row.content_type,
    headers: row.headers,
    body: row.body,
    receivedAt: row.received_at.getTime(),
    claims: row.claims,
    tries: row.tries,
  };
}
