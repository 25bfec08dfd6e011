import type { AuditTrail } from '../types/audit.ts';
import type { ConnectionKey } from '../types/authorization.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import type { Log } from '../types/log.ts';
import type { Sealer } from '../types/sealer.ts';
import type { RequireAllowedReferences, ResolveSecrets, SecretValue } from '../types/secret-reference.ts';
import { type AuthorizationGrants, createAuthorizationGrants } from './authorization-grants.ts';
import { missingCredential, reauthRequired } from './connection-failures.ts';
import { factsOf, reauthReason } from './credential-facts.ts';
import { newCredential, rotatedCredential } from './new-credential.ts';
import { createOAuthServers } from './oauth-server.ts';
import type { CallAuth, ConnectionDirectory, CredentialConnection, SecretRegister } from './ports.ts';
import { type CredentialRow, createPostgresCredentialStore } from './postgres-credential-store.ts';
import { renewalGrant } from './renewal-grant.ts';
import { createRenewals } from './renewals.ts';
import type { TokenNetwork } from './token-http.ts';
import { authOf, createTokenParties } from './token-parties.ts';
import { type Authorization, createUsableCredentials } from './usable-credentials.ts';

export interface Credentials extends AuthorizationGrants {
  /**
   * Seals what an administrator gave for the auth with this key in the manifest. A grant that a person gave to the same client
   * is kept. `authorized` is false when a person has to agree before it can be used.
   *
   * @throws `CREDENTIAL_INVALID` | `SECRET_REFERENCE_NOT_ALLOWED` | `SECRET_REFERENCE_INVALID`
   */
  store(
    connection: ConnectionKey & { readonly connector: string },
    auth: string,
    secrets: Readonly<Record<string, SecretValue>>,
    by?: string,
  ): Promise<{ readonly authorized: boolean }>;
  /** Throws `CREDENTIAL_MISSING` | `CREDENTIAL_REFUSED` | `CREDENTIAL_UNREADABLE` | `CONNECTION_REAUTH_REQUIRED`. */
  authorize(connection: ConnectionKey): Promise<Authorization>;
  /** True when there is another credential to try than the one that was refused. */
  refreshAfter401(connection: ConnectionKey, generation: number): Promise<boolean>;
  /** Renews those whose time has come, on whichever node asks first. Gives how many it tried. */
  renewDue(): Promise<number>;
  /** Nothing of it is remembered here: it was disabled or deleted. */
  forget(connection: ConnectionKey): void;
}

export interface CredentialsOptions {
  readonly db: Db;
  readonly vault: Sealer;
  readonly connections: ConnectionDirectory;
  /** The way to authorization servers. */
  readonly tokenHttp: TokenNetwork;
  readonly callAuth: CallAuth;
  readonly resolveSecrets: ResolveSecrets;
  readonly requireAllowedReferences: RequireAllowedReferences;
  readonly clock: Clock;
  readonly audit: AuditTrail;
  readonly scrubber: SecretRegister;
  readonly log: Log;
}

const MAX_DUE = 100;

export function createCredentials(options: CredentialsOptions): Credentials {
  const { connections, clock, log, tokenHttp: network, resolveSecrets } = options;
  const store = createPostgresCredentialStore(options.db, options.vault, options.audit);
  const usable = createUsableCredentials(options);
  const servers = createOAuthServers(network, clock);
  const parties = createTokenParties({ connections, servers, network, resolveSecrets, clock });
  const { renew } = createRenewals({ ...options, store, parties, usable });

  /** While the old one still works, nobody waits for the new one. */
  function renewAside(key: ConnectionKey, generation: number): void {
    renew(key, generation).catch((error: unknown) => {
      log.debug('an early renewal failed', { connectionId: key.id, error });
    });
  }

  return {
    ...createAuthorizationGrants({ store, parties, usable }),

    async store(key, name, secrets, by = 'system') {
      const { manifest } = await connections.enabled(key.tenantId, key.connector);
      const auth = authOf(manifest, name);
      const given = newCredential(name, auth, secrets);
      await options.requireAllowedReferences(key.tenantId, secrets);
      let stored = given;
      const generation = await store.replace(key, (current) => {
        stored = current ? rotatedCredential(current, given) : given;
        return {
          credential: stored,
          // The generation only spreads the time of a renewal; the first one is as good as any.
          facts: factsOf(key.id, 0, auth, stored),
          reauth: reauthReason(auth, stored),
          ...(stored.token === given.token ? { grantedScopes: null } : {}),
          audit: {
            kind: 'credential.stored',
            actor: by,
            details: { auth: name, keptGrant: stored.token !== given.token },
          },
        };
      });
      usable.keepSecret(key.id, { credential: stored, generation });
      usable.forget(key.id);
      return { authorized: reauthReason(auth, stored) === null };
    },

    async authorize(key) {
      const recent = usable.recent(key);
      // An aging one is looked up: whether it can be renewed at all is in the row.
      if (recent && !recent.isAging) return toAuthorization(recent);
      const { connection, auth } = await parties.describe(key);
      if (connection.status === 'reauth_required') throw reauthRequired(connection.id, 'its grant ended');
      const row = requireRow(await store.read(key), connection);
      const found = await usable.open(key, auth, row);
      if (!found) return toAuthorization(await renew(key, undefined));
      if (found.isAging && isRenewable(auth, row)) renewAside(key, found.generation);
      return toAuthorization(found);
    },

    async refreshAfter401(key, generation) {
      usable.forget(key.id);
      const { connection, auth } = await parties.describe(key);
      const row = requireRow(await store.read(key), connection);
      if (row.generation > generation) return true;
      if (connection.status !== 'ready' || !isRenewable(auth, row)) return false;
      return (await renew(key, generation)).generation > generation;
    },

    async renewDue() {
      const due = await store.due(new Date(clock.now()), MAX_DUE);
      await Promise.allSettled(due.map((key) => renew(key, key.generation)));
      return due.length;
    },

    forget: ({ id }) => usable.forget(id),
  };
}

function isRenewable(auth: Parameters<typeof factsOf>[2], { credential }: CredentialRow): boolean {
  return auth.kind === 'custom' || (auth.kind === 'oauth2' && renewalGrant(auth, credential) !== undefined);
}

function toAuthorization({ headers, generation }: Authorization): Authorization {
  return { headers, generation };
}

function requireRow(row: CredentialRow | undefined, connection: CredentialConnection): CredentialRow {
  if (row?.credential.auth === connection.auth) return row;
  throw missingCredential(connection.id);
}
