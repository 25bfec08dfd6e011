import { sql, type Transaction } from 'kysely';
import type { Database } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Secret } from '../types/secret.ts';
import type { Enablements } from './enablements.ts';
import { endEarlier, insertAddress, insertSecret } from './endpoint-parts.ts';
import { findReception, newSecret } from './endpoint-reception.ts';
import { lockEndpoint, type NamedEndpoint, recordEndpoint } from './named-endpoint.ts';
import type { TenantPorts } from './ports.ts';

export interface Rotation extends NamedEndpoint {
  /** How long all earlier ones go on working, at the latest; 0: no longer, at any node. */
  readonly overlapSeconds: number;
}

/** The token is told this once. */
export interface RotatedAddress {
  readonly addressId: string;
  readonly token: Secret;
  /** When the last of the earlier ones ends. */
  readonly earlierUntil: Date;
}

/** The secret is told this once. */
export interface RotatedSecret {
  readonly secretId: string;
  readonly secret: Secret;
  readonly earlierUntil: Date;
}

export interface EndpointRotation {
  /** Throws `ENDPOINT_UNKNOWN`, `ENDPOINT_ROTATION_LIMIT`. */
  rotateAddress(request: Rotation): Promise<RotatedAddress>;
  /** `secret`: as the sender has it; made when left out. Throws also `ENDPOINT_SECRET_TOO_SHORT`. */
  rotateSecret(request: Rotation & { readonly secret?: Secret }): Promise<RotatedSecret>;
  /** At once and at every node. Throws `ENDPOINT_SECRET_UNKNOWN`, `ENDPOINT_SECRET_CURRENT`. */
  removeSecret(request: NamedEndpoint & { readonly secretId: string }): Promise<void>;
}

export function createEndpointRotation(ports: TenantPorts, enablements: Enablements): EndpointRotation {
  const { store, audit, vault, clock } = ports;

  /** Under the endpoint's lock: two rotations at once are one after the other. */
  async function rotate<T>(
    request: Rotation,
    part: 'address' | 'secret',
    insert: (trx: Transaction<Database>, now: number) => Promise<T & { readonly id: string }>,
  ): Promise<T & { readonly id: string; readonly earlierUntil: Date }> {
    const { tenantId, endpointId, overlapSeconds } = request;
    return store.withTenant(tenantId, async (trx) => {
      await lockEndpoint(trx, request);
      const now = clock.now();
      const earlierUntil = new Date(now + overlapSeconds * 1000);
      await endEarlier(trx, part, { endpointId, tenantId, now, until: earlierUntil });
      const made = await insert(trx, now);
      const details = { [`${part}Id`]: made.id, earlierUntil: earlierUntil.toISOString() };
      await recordEndpoint(trx, audit, request, `endpoint.${part}_rotated`, details);
      return { ...made, earlierUntil };
    });
  }

  return {
    async rotateAddress(request) {
      const { tenantId, endpointId } = request;
      const { id, token, earlierUntil } = await rotate(request, 'address', (trx, now) =>
        insertAddress(trx, { endpointId, tenantId, now }),
      );
      return { addressId: id, token, earlierUntil };
    },

    async rotateSecret(request) {
      const { tenantId, endpointId } = request;
      const { connector, purpose } = await store.withTenant(tenantId, (trx) => lockEndpoint(trx, request));
      const { manifest } = await enablements.enabled(tenantId, connector);
      const secret = newSecret(ports.endpointSecrets, findReception(manifest, purpose), request.secret);
      const sealed = await vault.sealEndpointSecret({ id: endpointId, tenantId }, secret);
      const { id, earlierUntil } = await rotate(request, 'secret', async (trx, now) => ({
        id: await insertSecret(trx, { endpointId, tenantId, now, sealed }),
      }));
      return { secretId: id, secret, earlierUntil };
    },

    async removeSecret(request) {
      const { tenantId, endpointId, secretId } = request;
      await store.withTenant(tenantId, async (trx) => {
        await lockEndpoint(trx, request);
        const { rows } = await sql<{ ends: boolean }>`
          select expires_at is not null as ends from connector.endpoint_secrets
          where id = ${secretId} and endpoint_id = ${endpointId} and tenant_id = ${tenantId}`.execute(trx);
        if (rows[0] === undefined) {
          throw new RuntimeError('ENDPOINT_SECRET_UNKNOWN', `endpoint ${endpointId} has no secret ${secretId}`);
        }
        if (!rows[0].ends) {
          throw new RuntimeError(
            'ENDPOINT_SECRET_CURRENT',
            `secret ${secretId} is the one that endpoint ${endpointId} goes on with: rotate it first, then remove it`,
          );
        }
        await sql`delete from connector.endpoint_secrets
          where id = ${secretId} and tenant_id = ${tenantId}`.execute(trx);
        await recordEndpoint(trx, audit, request, 'endpoint.secret_removed', { secretId });
      });
    },
  };
}
