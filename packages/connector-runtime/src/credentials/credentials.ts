import type { Manifest, ManifestAuth } from '@org/connector-sdk';
import { bulkhead } from 'cockatiel';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import { withConfigDefaults } from '../types/config-defaults.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import { usableHeaders } from './authorization-headers.ts';
import { createLiveSecrets } from './live-secrets.ts';
import type { CallAuth, ConnectionDirectory, CredentialConnection, SecretRegister } from './ports.ts';
import { type CredentialRow, createPostgresCredentialStore } from './postgres-credential-store.ts';
import { GrantEndedError, renewableBy, requestToken, type TokenHttp } from './request-token.ts';
import { newCredential, type StoredCredential, secretValues } from './stored-credential.ts';
import type { Vault } from './vault.ts';

interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  /** Names the credential they came from; rises with each renewal. */
  readonly generation: number;
}

interface ConnectionKey {
  readonly id: string;
  readonly tenantId: string;
}

export interface Credentials {
  /** Seals what an administrator gave for the auth with this key in the manifest. Throws `CREDENTIAL_INVALID`. */
  store(
    connection: ConnectionKey & { readonly connector: string },
    auth: string,
    secrets: Readonly<Record<string, string>>,
    by?: string,
  ): Promise<void>;
  /** Throws `CREDENTIAL_MISSING` | `CREDENTIAL_REFUSED` | `CREDENTIAL_UNREADABLE` | `CONNECTION_REAUTH_REQUIRED`. */
  authorize(connection: ConnectionKey): Promise<Authorization>;
  /** True when there is another credential to try than the one that was refused. */
  refreshAfter401(connection: ConnectionKey, generation: number): Promise<boolean>;
}

export interface CredentialsOptions {
  readonly db: Db;
  readonly vault: Vault;
  readonly connections: ConnectionDirectory;
  /** Opens the broker for a token endpoint: that host and no other. */
  readonly tokenHttp: (
    tokenUrl: string,
    connection: CredentialConnection,
  ) => { readonly url: string; readonly http: TokenHttp };
  readonly callAuth: CallAuth;
  readonly clock: Clock;
  readonly audit: AuditTrail;
  readonly scrubber: SecretRegister;
}

/** How long another node's change of a credential may go unnoticed while the old one still works. */
const CACHE_MS = 5_000;
const MAX_CACHED = 10_000;
/** Renewals hold a database connection each while the provider thinks. */
const MAX_RENEWALS = 4;

interface Cached extends Authorization {
  readonly usableUntil: number;
}

export function createCredentials(options: CredentialsOptions): Credentials {
  const { connections, clock } = options;
  const live = createLiveSecrets(options.scrubber);
  const store = createPostgresCredentialStore(options.db, options.vault, options.audit);
  const cache = new Map<string, Cached>();
  const renewals = new Map<string, Promise<Authorization>>();
  const slots = bulkhead(MAX_RENEWALS, 10_000);

  function remember(
    id: string,
    auth: ManifestAuth,
    { credential, generation }: CredentialRow,
  ): Authorization | undefined {
    live.keep(id, generation, secretValues(credential));
    const now = clock.now();
    const usable = usableHeaders(auth, credential, now);
    if (!usable) return undefined;
    const authorization = { headers: usable.headers, generation };
    cache.delete(id);
    cache.set(id, { ...authorization, usableUntil: Math.min(usable.usableUntil, now + CACHE_MS) });
    const [oldest] = cache.keys();
    if (cache.size > MAX_CACHED && oldest !== undefined) cache.delete(oldest);
    return authorization;
  }

  async function describe({ id, tenantId }: ConnectionKey) {
    const stored = await connections.connection(tenantId, id);
    const { digest, manifest } = await connections.enabled(tenantId, stored.connector);
    const config = withConfigDefaults(manifest.connection.config, stored.config);
    return { connection: { ...stored, config }, digest, auth: authOf(manifest, stored.auth) };
  }

  /** One at a time per connection: here by the map, on other nodes by the row's lock. */
  function renew(key: ConnectionKey, refused?: number): Promise<Authorization> {
    const running = renewals.get(key.id);
    if (running) return running;
    const renewal = slots.execute(() => renewOnce(key, refused)).finally(() => renewals.delete(key.id));
    renewals.set(key.id, renewal);
    return renewal;
  }

  async function renewOnce(key: ConnectionKey, refused: number | undefined): Promise<Authorization> {
    const described = await describe(key);
    const { connection, auth } = described;
    const outcome = await store.renew(key, async (row, write) => {
      const current = requireRow(row, connection);
      // Somebody else was faster: what they got is used.
      const usable = current.generation === refused ? undefined : remember(key.id, auth, current);
      if (usable) return usable;
      try {
        const renewed = await fetchNew(described, current.credential);
        const expiresAt = renewed.token?.expiresAt ?? renewed.session?.expiresAt;
        const generation = await write.save(renewed, expiresAt);
        return { generation, credential: renewed };
      } catch (error) {
        // The only failure that changes anything, and even it deletes nothing.
        if (!(error instanceof GrantEndedError)) throw error;
        await write.end(error.message);
        return error;
      }
    });
    if (outcome instanceof GrantEndedError) throw reauthRequired(connection, outcome.message);
    if ('headers' in outcome) return outcome;
    const authorization = remember(key.id, auth, outcome);
    if (authorization) return authorization;
    throw new RuntimeError(
      'CREDENTIAL_REFUSED',
      `the new credential of connection ${key.id} is about to expire already; check its lifetime at the provider`,
    );
  }

  async function fetchNew(
    { connection, digest, auth }: Awaited<ReturnType<typeof describe>>,
    credential: StoredCredential,
  ): Promise<StoredCredential> {
    if (auth.kind === 'custom') {
      const { headers, expiresAt } = await options.callAuth({ connection, digest, auth, secret: credential.secrets });
      return { ...credential, session: { headers, expiresAt: Date.parse(expiresAt) } };
    }
    if (auth.kind !== 'oauth2') throw missing(connection);
    const { url, http } = options.tokenHttp(auth.tokenUrl, connection);
    return { ...credential, token: await requestToken(auth, url, credential, http, clock.now()) };
  }

  return {
    async store(key, name, secrets, by = 'system') {
      const { manifest } = await connections.enabled(key.tenantId, key.connector);
      const credential = newCredential(name, authOf(manifest, name), secrets);
      live.keep(key.id, await store.replace(key, credential, by), secretValues(credential));
      cache.delete(key.id);
    },

    async authorize(key) {
      const cached = cache.get(key.id);
      if (cached && cached.usableUntil > clock.now()) return { headers: cached.headers, generation: cached.generation };
      const { connection, auth } = await describe(key);
      if (connection.status === 'reauth_required') throw reauthRequired(connection, 'its grant ended');
      const row = requireRow(await store.read(key), connection);
      return remember(key.id, auth, row) ?? renew(key);
    },

    async refreshAfter401(key, generation) {
      cache.delete(key.id);
      const { connection, auth } = await describe(key);
      const row = requireRow(await store.read(key), connection);
      if (row.generation > generation) return true;
      const renewable =
        auth.kind === 'custom' || (auth.kind === 'oauth2' && renewableBy(auth, row.credential) !== undefined);
      if (!renewable) return false;
      return (await renew(key, generation)).generation > generation;
    },
  };
}

function authOf(manifest: Manifest, name: string): ManifestAuth {
  const auth = Object.hasOwn(manifest.connection.auth, name) ? manifest.connection.auth[name] : undefined;
  if (auth) return auth;
  throw new RuntimeError(
    'CREDENTIAL_INVALID',
    `${manifest.id} ${manifest.version} has no auth "${name}"; store a credential for one it has`,
  );
}

function requireRow(row: CredentialRow | undefined, connection: CredentialConnection): CredentialRow {
  if (row?.credential.auth === connection.auth) return row;
  throw missing(connection);
}

function missing({ id }: CredentialConnection): RuntimeError {
  return new RuntimeError('CREDENTIAL_MISSING', `connection ${id} has no usable credential; store one`, {
    details: { connectionId: id },
  });
}

function reauthRequired({ id }: CredentialConnection, why: string): RuntimeError {
  return new RuntimeError(
    'CONNECTION_REAUTH_REQUIRED',
    `connection ${id} must be connected again by a person: ${why}`,
    {
      details: { connectionId: id },
    },
  );
}
