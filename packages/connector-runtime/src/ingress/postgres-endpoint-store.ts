import type { ManifestReception } from '@org/connector-sdk';
import { sql } from 'kysely';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import type { Endpoint, EndpointSecret } from '../types/delivery.ts';
import type { Secret } from '../types/secret.ts';
import type { EndpointLookup } from './endpoint-cache.ts';

/** What opens a sealed secret of an endpoint. */
export interface EndpointSecretOpener {
  openEndpointSecret(endpoint: { readonly id: string; readonly tenantId: string }, sealed: Buffer): Promise<Secret>;
}

/** One per secret: what else is in it is the same in all. */
interface Row {
  readonly id: string;
  readonly tenant_id: string;
  readonly workspace_id: string;
  readonly connection_id: string;
  readonly connector: string;
  readonly purpose: 'trigger' | 'approval';
  readonly name: string;
  readonly disabled: boolean;
  readonly reception: ManifestReception | null;
  readonly address_id: string;
  readonly address_expires_at: Date | null;
  readonly secret_id: string;
  readonly sealed: Buffer;
  readonly secret_expires_at: Date | null;
}

/** Endpoints with what their connector's enabled manifest declares for them; one without a reception there is unknown. */
export function createPostgresEndpointStore(options: {
  readonly db: Db;
  readonly secrets: EndpointSecretOpener;
  readonly clock: Clock;
}): EndpointLookup {
  return {
    async find(tokenHash) {
      const now = new Date(options.clock.now());
      const { rows } = await sql<Row>`
        select e.id, e.tenant_id, e.workspace_id, e.connection_id, e.connector, e.purpose, e.name, e.disabled,
               address.id as address_id, address.expires_at as address_expires_at,
               secret.id as secret_id, secret.sealed, secret.expires_at as secret_expires_at,
               case e.purpose when 'trigger' then a.manifest #> array['triggers', e.name, 'webhook']
                              else a.manifest #> array['approvalChannels', e.name, 'interaction'] end as reception
        from connector.endpoint_addresses address
        join connector.endpoints e on e.id = address.endpoint_id
        join connector.endpoint_secrets secret on secret.endpoint_id = e.id
        join connector.enablements n on n.tenant_id = e.tenant_id and n.connector = e.connector
        join connector.artifacts a on a.digest = n.digest
        where address.token_hash = ${Buffer.from(tokenHash)}
          and (address.expires_at is null or address.expires_at > ${now})
          and (secret.expires_at is null or secret.expires_at > ${now})
        order by secret.id`.execute(options.db);
      const [row] = rows;
      if (row === undefined || row.reception === null) return undefined;
      return {
        ...toEndpoint(row, row.reception),
        secrets: row.disabled ? [] : await openAll(rows),
        validUntil: endOf(rows),
      };
    },
  };

  function openAll(rows: readonly Row[]): Promise<EndpointSecret[]> {
    return Promise.all(
      rows.map(async ({ id, tenant_id: tenantId, secret_id, sealed }) => ({
        id: secret_id,
        secret: await options.secrets.openEndpointSecret({ id, tenantId }, sealed),
      })),
    );
  }
}

/** The first of the ends of address and secrets. */
function endOf(rows: readonly Row[]): number | null {
  const ends = rows.flatMap(({ address_expires_at, secret_expires_at }) => [address_expires_at, secret_expires_at]);
  const known = ends.flatMap((end) => (end === null ? [] : [end.getTime()]));
  return known.length === 0 ? null : Math.min(...known);
}

function toEndpoint(row: Row, reception: ManifestReception): Omit<Endpoint, 'secrets' | 'validUntil'> {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    workspaceId: row.workspace_id,
    connectionId: row.connection_id,
    connector: row.connector,
    purpose: { kind: row.purpose, name: row.name },
    reception,
    addressId: row.address_id,
    disabled: row.disabled,
  };
}
