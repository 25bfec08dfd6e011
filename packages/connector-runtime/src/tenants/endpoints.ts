import { createHash, randomBytes } from 'node:crypto';
import type { Manifest, ManifestReception } from '@org/connector-sdk';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { EndpointPurpose } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import { Secret } from '../types/secret.ts';
import type { Connections } from './connections.ts';
import type { Enablements } from './enablements.ts';
import type { TenantPorts } from './ports.ts';

/** Token and secret are told this once; only the token's hash and the sealed secret are kept. */
export interface CreatedEndpoint {
  readonly endpointId: string;
  /** 256 bits, base64url: the last part of the address, `/hooks/<token>`. */
  readonly token: Secret;
  readonly secret: Secret;
}

export interface EndpointSummary {
  readonly id: string;
  readonly connectionId: string;
  readonly connector: string;
  readonly purpose: EndpointPurpose;
  readonly disabled: boolean;
  readonly createdAt: Date;
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
  /** Takes effect at once in the database, and within the cache's few seconds at every node. Throws `ENDPOINT_UNKNOWN`. */
  disableEndpoint(request: { tenantId: string; endpointId: string; by: string }): Promise<void>;
  listEndpoints(tenantId: string): Promise<readonly EndpointSummary[]>;
}

const TOKEN_BYTES = 32;

export function createEndpoints(ports: TenantPorts, enablements: Enablements, connections: Connections): Endpoints {
  const { store, audit, vault, endpointSecrets, clock } = ports;
  return {
    async createEndpoint({ tenantId, connectionId, purpose, secret, by }) {
      const connection = await connections.connection(tenantId, connectionId);
      const { manifest } = await enablements.enabled(tenantId, connection.connector);
      const { verification } = receptionOf(manifest, purpose);
      const value = secret?.reveal() ?? endpointSecrets.generate(verification);
      endpointSecrets.require(verification, value);
      const id = uuidv7({ msecs: clock.now() });
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const sealed = await vault.sealEndpointSecrets({ id, tenantId }, [value]);
      await store.withTenant(tenantId, async (trx) => {
        await trx
          .insertInto('connector.endpoints')
          .values({
            id,
            tenant_id: tenantId,
            workspace_id: connection.workspaceId,
            connection_id: connectionId,
            connector: connection.connector,
            purpose: purpose.kind,
            name: purpose.name,
            token_hash: createHash('sha256').update(token).digest(),
            sealed_secrets: sealed,
          })
          .execute();
        const record = {
          tenantId,
          kind: 'endpoint.created',
          actor: by,
          subject: `endpoint:${id}`,
          details: { connectionId, connector: connection.connector, purpose: purpose.kind, name: purpose.name },
        };
        await sql`select ${audit.append(record)}`.execute(trx);
      });
      return { endpointId: id, token: new Secret(token), secret: new Secret(value) };
    },

    async disableEndpoint({ tenantId, endpointId, by }) {
      await store.withTenant(tenantId, async (trx) => {
        const { rows } = await sql<{ was: boolean }>`
          update connector.endpoints e set disabled = true
          from (select id, disabled as was from connector.endpoints where id = ${endpointId} for update) before
          where e.id = before.id and e.tenant_id = ${tenantId} returning before.was`.execute(trx);
        const [row] = rows;
        if (row === undefined) throw new RuntimeError('ENDPOINT_UNKNOWN', `there is no endpoint ${endpointId} here`);
        if (row.was) return;
        const record = {
          tenantId,
          kind: 'endpoint.disabled',
          actor: by,
          subject: `endpoint:${endpointId}`,
          details: {},
        };
        await sql`select ${audit.append(record)}`.execute(trx);
      });
    },

    listEndpoints: (tenantId) =>
      store.withTenant(tenantId, async (trx) => {
        const rows = await trx
          .selectFrom('connector.endpoints')
          .select(['id', 'connection_id', 'connector', 'purpose', 'name', 'disabled', 'created_at'])
          .where('tenant_id', '=', tenantId)
          .orderBy('id')
          .execute();
        return rows.map((row) => ({
          id: row.id,
          connectionId: row.connection_id,
          connector: row.connector,
          purpose: { kind: row.purpose, name: row.name },
          disabled: row.disabled,
          createdAt: row.created_at,
        }));
      }),
  };
}

function receptionOf(manifest: Manifest, { kind, name }: EndpointPurpose): ManifestReception {
  const { triggers, approvalChannels } = manifest;
  if (kind === 'trigger') {
    const reception = Object.hasOwn(triggers, name) ? triggers[name]?.webhook : undefined;
    if (reception !== undefined) return reception;
    const known = Object.keys(triggers).filter((key) => triggers[key]?.webhook !== undefined);
    throw new RuntimeError('TRIGGER_UNKNOWN', `${manifest.id} has no webhook trigger "${name}"; it has ${list(known)}`);
  }
  const channel = Object.hasOwn(approvalChannels, name) ? approvalChannels[name] : undefined;
  if (channel !== undefined) return channel.interaction;
  const known = Object.keys(approvalChannels);
  throw new RuntimeError('CHANNEL_UNKNOWN', `${manifest.id} has no approval channel "${name}"; it has ${list(known)}`);
}

const list = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '));
