import type { ManifestReception } from '@org/connector-sdk';
import { sql } from 'kysely';
import type { Db } from '../types/database.ts';
import type { Endpoint } from '../types/delivery.ts';
import type { Secret } from '../types/secret.ts';
import type { EndpointLookup } from './endpoint-cache.ts';

/** What opens an endpoint's sealed secrets. */
export interface EndpointSecretOpener {
  openEndpointSecrets(endpoint: {
    readonly id: string;
    readonly tenantId: string;
    readonly sealedSecrets: Buffer;
  }): Promise<readonly Secret[]>;
}

interface Row {
  readonly id: string;
  readonly tenant_id: string;
  readonly workspace_id: string;
  readonly connection_id: string;
  readonly connector: string;
  readonly purpose: 'trigger' | 'approval';
  readonly name: string;
  readonly sealed_secrets: Buffer;
  readonly disabled: boolean;
  readonly reception: ManifestReception | null;
}

/** Endpoints with what their connector's enabled manifest declares for them; one without a reception there is unknown. */
export function createPostgresEndpointStore(options: {
  readonly db: Db;
  readonly secrets: EndpointSecretOpener;
}): EndpointLookup {
  return {
    async find(tokenHash) {
      const { rows } = await sql<Row>`
        select e.id, e.tenant_id, e.workspace_id, e.connection_id, e.connector, e.purpose, e.name,
               e.sealed_secrets, e.disabled,
               case e.purpose when 'trigger' then a.manifest #> array['triggers', e.name, 'webhook']
                              else a.manifest #> array['approvalChannels', e.name, 'interaction'] end as reception
        from connector.endpoints e
        join connector.enablements n on n.tenant_id = e.tenant_id and n.connector = e.connector
        join connector.artifacts a on a.digest = n.digest
        where e.token_hash = ${Buffer.from(tokenHash)}`.execute(options.db);
      const [row] = rows;
      return row === undefined || row.reception === null ? undefined : toEndpoint(row, row.reception, options.secrets);
    },
  };
}

async function toEndpoint(row: Row, reception: ManifestReception, opener: EndpointSecretOpener): Promise<Endpoint> {
  const secrets = row.disabled
    ? []
    : await opener.openEndpointSecrets({ id: row.id, tenantId: row.tenant_id, sealedSecrets: row.sealed_secrets });
  return {
    id: row.id,
    tenantId: row.tenant_id,
    workspaceId: row.workspace_id,
    connectionId: row.connection_id,
    connector: row.connector,
    purpose: { kind: row.purpose, name: row.name },
    reception,
    secrets,
    disabled: row.disabled,
  };
}
