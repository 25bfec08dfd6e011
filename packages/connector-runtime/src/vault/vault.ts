import type { Clock } from '../types/clock.ts';
import { systemClock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import { Secret } from '../types/secret.ts';
import type { KeyWrappers } from './key-wrapper.ts';
import { createLocalWrapper } from './local-wrapper.ts';
import { createPostgresKeyStore } from './postgres-key-store.ts';
import { parseSealed, sealUnder } from './seal-format.ts';
import { endpointPlace, placeOf, type SealContext } from './seal-place.ts';
import { createTenantKeys } from './tenant-keys.ts';

export interface Vault {
  /** Throws `CREDENTIAL_SHREDDED`, `KEY_SERVICE_*`. */
  seal(context: SealContext, text: string): Promise<Buffer>;
  /** Throws `CREDENTIAL_UNREADABLE`, `CREDENTIAL_SHREDDED`, `KEY_SERVICE_*`. */
  open(context: SealContext, sealed: Buffer): Promise<string>;
  sealEndpointSecret(endpoint: { readonly id: string; readonly tenantId: string }, secret: Secret): Promise<Buffer>;
  openEndpointSecret(endpoint: { readonly id: string; readonly tenantId: string }, sealed: Buffer): Promise<Secret>;
}

interface VaultPorts {
  readonly db: Db;
  readonly clock?: Clock;
}

/** One local master key, or wrappers of which the first wraps. */
export type VaultOptions = VaultPorts & ({ readonly masterKey: Secret } | { readonly wrappers: KeyWrappers });

/**
 * Envelope encryption: random keys per tenant, wrapped by a master key or a key service, seal that tenant's secrets.
 * @throws RuntimeError `CONFIG_INVALID` when the master key is not 32 bytes in base64.
 */
export function createVault(options: VaultOptions): Vault {
  const { db, clock = systemClock } = options;
  const wrappers: KeyWrappers = 'wrappers' in options ? options.wrappers : [createLocalWrapper(options.masterKey)];
  const keys = createTenantKeys({ store: createPostgresKeyStore(db), wrappers, clock });

  const vault: Vault = {
    async seal(context, text) {
      const { version, key } = await keys.newest(context.tenantId);
      return sealUnder(key, version, placeOf(context), Buffer.from(text));
    },
    async open(context, sealed) {
      const value = parseSealed(sealed);
      const opened = value?.open(await keys.version(context.tenantId, value.version), placeOf(context));
      if (opened) return opened.toString('utf8');
      throw new RuntimeError(
        'CREDENTIAL_UNREADABLE',
        `the ${context.field} of ${context.ownerId} does not open: it was changed, or sealed for another place; store it again`,
        { details: { ownerId: context.ownerId } },
      );
    },
    // A list of one: so they were sealed when an endpoint had all of its secrets in one value.
    sealEndpointSecret: ({ id, tenantId }, secret) =>
      vault.seal(endpointPlace(id, tenantId), JSON.stringify([secret.reveal()])),
    async openEndpointSecret({ id, tenantId }, sealed) {
      const [secret] = JSON.parse(await vault.open(endpointPlace(id, tenantId), sealed)) as [string];
      return new Secret(secret);
    },
  };
  return vault;
}
