import { sql } from 'kysely';
import type { EndpointPurpose } from '../types/delivery.ts';
import { unknownEndpoint } from './named-endpoint.ts';
import type { TenantPorts } from './ports.ts';

/** An address or a secret that still counts, without its value. */
export interface EndpointPartSummary {
  readonly id: string;
  readonly createdAt: Date;
  /** Null for the current one. */
  readonly expiresAt: Date | null;
}

export interface EndpointSummary {
  readonly id: string;
  readonly connectionId: string;
  readonly connector: string;
  readonly purpose: EndpointPurpose;
  readonly disabled: boolean;
  readonly createdAt: Date;
  /** Those that end first come first, the current one last. */
  readonly addresses: readonly EndpointPartSummary[];
  readonly secrets: readonly EndpointPartSummary[];
  /** Null when there is none, or none that is still kept. */
  readonly lastAcceptedAt: Date | null;
}

export interface EndpointViews {
  listEndpoints(tenantId: string): Promise<readonly EndpointSummary[]>;
  /** Throws `ENDPOINT_UNKNOWN`. */
  showEndpoint(tenantId: string, endpointId: string): Promise<EndpointSummary>;
}

interface PartRow {
  readonly id: string;
  readonly endpoint_id: string;
  readonly part: 'address' | 'secret';
  readonly created_at: Date;
  readonly expires_at: Date | null;
}

export function createEndpointViews({ store, clock }: Pick<TenantPorts, 'store' | 'clock'>): EndpointViews {
  function list(tenantId: string, endpointId?: string): Promise<EndpointSummary[]> {
    return store.withTenant(tenantId, async (trx) => {
      let query = trx
        .selectFrom('connector.endpoints as e')
        .leftJoinLateral(
          (eb) =>
            eb
              .selectFrom('connector.deliveries as d')
              .select('d.received_at')
              .whereRef('d.endpoint_id', '=', 'e.id')
              .orderBy('d.id', 'desc')
              .limit(1)
              .as('last'),
          (join) => join.onTrue(),
        )
        .select(['e.id', 'e.connection_id', 'e.connector', 'e.purpose', 'e.name', 'e.disabled', 'e.created_at'])
        .select('last.received_at as last_accepted_at')
        .where('e.tenant_id', '=', tenantId);
      if (endpointId !== undefined) query = query.where('e.id', '=', endpointId);
      const rows = await query.orderBy('e.id').execute();
      const { rows: parts } = await sql<PartRow>`
        select * from (
          select 'address' as part, id, endpoint_id, tenant_id, created_at, expires_at from connector.endpoint_addresses
          union all
          select 'secret', id, endpoint_id, tenant_id, created_at, expires_at from connector.endpoint_secrets
        ) parts
        where tenant_id = ${tenantId} and endpoint_id = any(${rows.map(({ id }) => id)}::uuid[])
          and (expires_at is null or expires_at > ${new Date(clock.now())})
        order by expires_at nulls last, created_at`.execute(trx);
      return rows.map((row) => ({
        id: row.id,
        connectionId: row.connection_id,
        connector: row.connector,
        purpose: { kind: row.purpose, name: row.name },
        disabled: row.disabled,
        createdAt: row.created_at,
        addresses: partsOf(row.id, 'address', parts),
        secrets: partsOf(row.id, 'secret', parts),
        lastAcceptedAt: row.last_accepted_at,
      }));
    });
  }

  return {
    listEndpoints: (tenantId) => list(tenantId),
    async showEndpoint(tenantId, endpointId) {
      const [endpoint] = await list(tenantId, endpointId);
      if (endpoint === undefined) throw unknownEndpoint(endpointId);
      return endpoint;
    },
  };
}

function partsOf(endpointId: string, part: PartRow['part'], rows: readonly PartRow[]): EndpointPartSummary[] {
  return rows
    .filter((row) => row.endpoint_id === endpointId && row.part === part)
    .map((row) => ({ id: row.id, createdAt: row.created_at, expiresAt: row.expires_at }));
}
