import type { Db } from '../types/database.ts';
import type { EndpointPurpose } from '../types/delivery.ts';
import type { StepError } from '../types/run.ts';

/** A delivery as an administrator sees it: no header and no body. */
export interface DeliverySummary {
  readonly id: string;
  readonly endpointId: string;
  readonly connector: string;
  readonly purpose: EndpointPurpose;
  readonly deliveryKey: string;
  readonly bodyBytes: number;
  readonly receivedAt: Date;
  readonly status: 'pending' | 'done' | 'dead';
  readonly claims: number;
  readonly error: StepError | null;
}

export interface DeliveryQuery {
  readonly status?: 'pending' | 'done' | 'dead';
  readonly limit: number;
}

/** Newest first. */
export async function listDeliveries(
  db: Db,
  tenantId: string,
  query: DeliveryQuery,
): Promise<readonly DeliverySummary[]> {
  let select = db
    .selectFrom('connector.deliveries as d')
    .innerJoin('connector.endpoints as e', 'e.id', 'd.endpoint_id')
    .select(['d.id', 'd.endpoint_id', 'e.connector', 'e.purpose', 'e.name', 'd.delivery_key', 'd.received_at'])
    .select(['d.status', 'd.claims', 'd.error'])
    .select(({ fn }) => fn<number>('octet_length', ['d.body']).as('body_bytes'))
    .where('d.tenant_id', '=', tenantId);
  if (query.status !== undefined) select = select.where('d.status', '=', query.status);
  const rows = await select.orderBy('d.received_at', 'desc').orderBy('d.id', 'desc').limit(query.limit).execute();
  return rows.map((row) => ({
    id: row.id,
    endpointId: row.endpoint_id,
    connector: row.connector,
    purpose: { kind: row.purpose, name: row.name },
    deliveryKey: row.delivery_key,
    bodyBytes: row.body_bytes,
    receivedAt: row.received_at,
    status: row.status,
    claims: row.claims,
    error: row.error,
  }));
}
