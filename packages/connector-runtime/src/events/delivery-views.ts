import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../types/database.ts';
import type { DeliveryOutcome, DeliveryResult, EndpointPurpose } from '../types/delivery.ts';
import type { RunStatus, StepError } from '../types/run.ts';
import { unknownDelivery } from './unknown-delivery.ts';

export type DeliveryStatus = 'pending' | 'done' | 'dead';

/** A delivery as an administrator sees it: no header's value and no body. */
export interface DeliverySummary {
  readonly id: string;
  readonly endpointId: string;
  readonly connector: string;
  readonly purpose: EndpointPurpose;
  readonly deliveryKey: string;
  readonly bodyBytes: number;
  readonly receivedAt: Date;
  readonly status: DeliveryStatus;
  /** Since it was accepted, or last replayed. */
  readonly claims: number;
  /** Why it is dead. */
  readonly error: StepError | null;
  readonly outcome: DeliveryOutcome | null;
  readonly result: DeliveryResult | null;
}

export interface DeliveryDetails extends DeliverySummary {
  readonly contentType: string;
  readonly headerNames: readonly string[];
  /** Those that it was the first to bring, with the runs that they started. */
  readonly events: readonly { readonly id: string; readonly trigger: string; readonly eventKey: string }[];
  readonly runs: readonly {
    readonly id: string;
    readonly eventId: string;
    readonly workflow: string;
    readonly status: RunStatus;
  }[];
}

export interface DeliveryQuery {
  readonly status?: DeliveryStatus | undefined;
  readonly outcome?: DeliveryOutcome | undefined;
  readonly endpointId?: string | undefined;
  /** Id of the last delivery of the page before. */
  readonly before?: string | undefined;
  readonly limit: number;
}

interface Row extends Omit<DeliverySummary, 'purpose'> {
  readonly kind: EndpointPurpose['kind'];
  readonly name: string;
}

const summary = sql`d.id, d.endpoint_id as "endpointId", e.connector, e.purpose as kind, e.name,
  d.delivery_key as "deliveryKey", octet_length(d.body) as "bodyBytes", d.received_at as "receivedAt", d.status,
  d.claims - d.earlier_claims as claims, d.error, d.outcome, d.result`;

/** Newest first: ids begin with the time of arrival. */
export async function listDeliveries(
  db: Db,
  tenantId: string,
  query: DeliveryQuery,
): Promise<readonly DeliverySummary[]> {
  const { status, outcome, endpointId, before, limit } = query;
  // Each endpoint's newest are at the end of an index of its own; their pages are merged before anything large is read.
  const { rows } = await sql<Row>`
    select ${summary} from (
      select newest.id from connector.endpoints e cross join lateral (
        select id from connector.deliveries
        where endpoint_id = e.id and ${matches('status', status)} and ${matches('outcome', outcome)}
          and ${before === undefined ? sql`true` : sql`id < ${before}::uuid`}
        order by id desc limit ${limit}
      ) newest
      where e.tenant_id = ${tenantId} and ${matches('e.id', endpointId)}
      order by newest.id desc limit ${limit}
    ) page
    join connector.deliveries d on d.id = page.id
    join connector.endpoints e on e.id = d.endpoint_id
    where d.tenant_id = ${tenantId}
    order by d.id desc`.execute(db);
  return rows.map(toSummary);
}

/** Throws `DELIVERY_UNKNOWN`. */
export async function showDelivery(db: Db, tenantId: string, deliveryId: string): Promise<DeliveryDetails> {
  const { rows } = await sql<Row & { readonly contentType: string; readonly headers: object }>`
    select ${summary}, d.content_type as "contentType", d.headers
    from connector.deliveries d join connector.endpoints e on e.id = d.endpoint_id
    where d.id = ${deliveryId} and d.tenant_id = ${tenantId}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw unknownDelivery(deliveryId);
  const { headers, contentType, ...rest } = row;
  const events = await db
    .selectFrom('connector.events')
    .select(['id', 'trigger', 'event_key as eventKey'])
    .where('delivery_id', '=', deliveryId)
    .where('tenant_id', '=', tenantId)
    .orderBy('event_key')
    .execute();
  const runs = await db
    .selectFrom('connector.runs as r')
    .innerJoin('connector.events as e', 'e.id', 'r.event_id')
    .select(['r.id', 'r.event_id as eventId', 'r.workflow', 'r.status'])
    .where('e.delivery_id', '=', deliveryId)
    .where('r.tenant_id', '=', tenantId)
    .orderBy('r.id')
    .execute();
  return { ...toSummary(rest), contentType, headerNames: Object.keys(headers).sort(), events, runs };
}

function toSummary({ kind, name, ...row }: Row): DeliverySummary {
  return { ...row, purpose: { kind, name } };
}

function matches(column: string, value: string | undefined): RawBuilder<unknown> {
  return value === undefined ? sql`true` : sql`${sql.ref(column)} = ${value}`;
}
