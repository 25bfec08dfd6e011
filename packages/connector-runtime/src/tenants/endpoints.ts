import type { Transaction } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../types/database.ts';
import type { EndpointPurpose } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Secret } from '../types/secret.ts';
import type { Connections } from './connections.ts';
import type { Enablements } from './enablements.ts';
import { insertAddress, insertSecret } from './endpoint-parts.ts';
import { findReception, newSecret } from './endpoint-reception.ts';
import { lockEndpoint, type NamedEndpoint, recordEndpoint, unknownEndpoint } from './named-endpoint.ts';
import type { TenantPorts } from './ports.ts';

/** Token and secret are told this once; only the token's hash and the sealed secret are kept. */
export interface CreatedEndpoint {
  readonly endpointId: string;
  /** 256 bits, base64url: the last part of the address, `/hooks/<token>`. */
  readonly token: Secret;
  readonly secret: Secret;
}

export interface NewEndpoint {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly purpose: EndpointPurpose;
  /** As the sender has it; made when left out. */
  readonly secret?: Secret;
  readonly by: string;
}

export interface Endpoints {
  /** Throws `CONNECTION_UNKNOWN`, `TRIGGER_UNKNOWN`, `CHANNEL_UNKNOWN`, `ENDPOINT_SECRET_TOO_SHORT`. */
  createEndpoint(request: NewEndpoint): Promise<CreatedEndpoint>;
  /** It accepts nothing from now on, at any node. What it accepted before is worked off. Throws `ENDPOINT_UNKNOWN`. */
  disableEndpoint(request: NamedEndpoint): Promise<void>;
  /** With the addresses and secrets that it has. Throws `ENDPOINT_UNKNOWN`, `ENDPOINT_CONNECTION_DELETED`. */
  enableEndpoint(request: NamedEndpoint): Promise<void>;
}

export function createEndpoints(ports: TenantPorts, enablements: Enablements, connections: Connections): Endpoints {
  const { store, audit, vault, endpointSecrets, clock } = ports;

  async function setDisabled(request: NamedEndpoint, disabled: boolean): Promise<void> {
    const { tenantId, endpointId } = request;
    await store.withTenant(tenantId, async (trx) => {
      if (!disabled) await requireConnection(trx, request);
      if ((await lockEndpoint(trx, request)).disabled === disabled) return;
      await trx
        .updateTable('connector.endpoints')
        .set({ disabled })
        .where('tenant_id', '=', tenantId)
        .where('id', '=', endpointId)
        .execute();
      await recordEndpoint(trx, audit, request, disabled ? 'endpoint.disabled' : 'endpoint.enabled');
    });
  }

  /** Locked before the endpoint, as by the deletion of a connection. */
  async function requireConnection(trx: Transaction<Database>, { tenantId, endpointId }: NamedEndpoint): Promise<void> {
    const row = await trx
      .selectFrom('connector.connections as c')
      .innerJoin('connector.endpoints as e', 'e.connection_id', 'c.id')
      .select(['c.id', 'c.deleted_at'])
      .where('e.tenant_id', '=', tenantId)
      .where('e.id', '=', endpointId)
      .forShare('c')
      .executeTakeFirst();
    if (row === undefined) throw unknownEndpoint(endpointId);
    if (row.deleted_at === null) return;
    throw new RuntimeError(
      'ENDPOINT_CONNECTION_DELETED',
      `the connection ${row.id} of endpoint ${endpointId} was deleted: make an endpoint for another one`,
    );
  }

  return {
    async createEndpoint({ tenantId, connectionId, purpose, secret: given, by }) {
      const connection = await connections.connection(tenantId, connectionId);
      const { manifest } = await enablements.enabled(tenantId, connection.connector);
      const secret = newSecret(endpointSecrets, findReception(manifest, purpose), given);
      const now = clock.now();
      const endpointId = uuidv7({ msecs: now });
      const sealed = await vault.sealEndpointSecret({ id: endpointId, tenantId }, secret);
      const { connector, workspaceId } = connection;
      return store.withTenant(tenantId, async (trx) => {
        await trx
          .insertInto('connector.endpoints')
          .values({
            id: endpointId,
            tenant_id: tenantId,
            workspace_id: workspaceId,
            connection_id: connectionId,
            connector,
            purpose: purpose.kind,
            name: purpose.name,
          })
          .execute();
        const { token } = await insertAddress(trx, { endpointId, tenantId, now });
        await insertSecret(trx, { endpointId, tenantId, now, sealed });
        const details = { connectionId, connector, purpose: purpose.kind, name: purpose.name };
        await recordEndpoint(trx, audit, { tenantId, endpointId, by }, 'endpoint.created', details);
        return { endpointId, token, secret };
      });
    },

    disableEndpoint: (request) => setDisabled(request, true),
    enableEndpoint: (request) => setDisabled(request, false),
  };
}
