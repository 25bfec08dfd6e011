import type { ManifestAuth } from '@org/connector-sdk';
import type { ConnectionKey } from '../types/authorization.ts';
import type { Clock } from '../types/clock.ts';
import { withConfigDefaults } from '../types/config-defaults.ts';
import { RuntimeError } from '../types/errors.ts';
import { providerScopes } from '../types/scopes.ts';
import type { ResolveSecrets } from '../types/secret-reference.ts';
import type { OAuthServers } from './oauth-server.ts';
import type { ConnectionDirectory, CredentialConnection } from './ports.ts';
import type { TokenParty } from './request-token.ts';
import type { StoredCredential } from './stored-credential.ts';
import { splitScopes } from './token-answer.ts';
import type { TokenNetwork } from './token-http.ts';

/** A connection with what its connector says of its auth. */
export interface DescribedConnection {
  readonly connection: CredentialConnection;
  readonly digest: string;
  readonly auth: ManifestAuth;
  /** What is asked of the provider; undefined when its scopes mean nothing here. */
  readonly scopes: readonly string[] | undefined;
}

export interface TokenParties {
  describe(key: ConnectionKey): Promise<DescribedConnection>;
  /** Reads the references of the registration, now. Throws `OAUTH_UNSUPPORTED`, `OAUTH_DISCOVERY_FAILED`, `SECRET_REFERENCE_*`. */
  partyOf(described: DescribedConnection, credential: StoredCredential): Promise<TokenParty>;
}

export function createTokenParties(ports: {
  readonly connections: ConnectionDirectory;
  readonly servers: OAuthServers;
  readonly network: TokenNetwork;
  readonly resolveSecrets: ResolveSecrets;
  readonly clock: Clock;
}): TokenParties {
  const { connections, servers, network } = ports;
  return {
    async describe({ id, tenantId }) {
      const stored = await connections.connection(tenantId, id);
      const { digest, manifest } = await connections.enabled(tenantId, stored.connector);
      const config = withConfigDefaults(manifest.connection.config, stored.config);
      const auth = authOf(manifest, stored.auth);
      const asks = auth.kind === 'oauth2' && auth.scopeStyle !== 'none';
      return {
        connection: { ...stored, config },
        digest,
        auth,
        scopes: asks ? providerScopes(manifest) : undefined,
      };
    },

    async partyOf({ connection, auth }, credential) {
      if (auth.kind !== 'oauth2') throw unsupported(connection, `its auth is ${auth.kind}`);
      const { issuer } = credential.secrets;
      const server = await servers(auth, connection, typeof issuer === 'string' ? issuer : undefined);
      const secrets = await ports.resolveSecrets(connection.tenantId, credential.secrets);
      const { token_endpoint: token, revocation_endpoint: revocation } = server.metadata;
      const http = network.open(revocation === undefined ? [token] : [token, revocation], connection);
      return { auth, server, secrets, http, now: ports.clock.now() };
    },
  };
}

/** The registration's own words come before what the manifest would ask for. */
export function wantedScopes(
  { scopes }: DescribedConnection,
  credential: StoredCredential,
): readonly string[] | undefined {
  const { scope } = credential.secrets;
  return typeof scope === 'string' ? splitScopes(scope) : scopes;
}

export function authOf(
  manifest: {
    readonly id: string;
    readonly version: string;
    readonly connection: { readonly auth: Record<string, ManifestAuth> };
  },
  name: string,
): ManifestAuth {
  const auth = Object.hasOwn(manifest.connection.auth, name) ? manifest.connection.auth[name] : undefined;
  if (auth) return auth;
  throw new RuntimeError(
    'CREDENTIAL_INVALID',
    `${manifest.id} ${manifest.version} has no auth "${name}"; store a credential for one it has`,
  );
}

export function unsupported({ id }: ConnectionKey, why: string): RuntimeError {
  return new RuntimeError('OAUTH_UNSUPPORTED', `connection ${id} is not connected by a person who agrees: ${why}`, {
    details: { connectionId: id },
  });
}
