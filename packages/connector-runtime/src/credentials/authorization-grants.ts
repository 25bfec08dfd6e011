import { createHash } from 'node:crypto';
import type { AuthorizationAnswer, AuthorizationRequest, ConnectionKey } from '../types/authorization.ts';
import { RuntimeError } from '../types/errors.ts';
import { missingCredential } from './connection-failures.ts';
import { factsOf } from './credential-facts.ts';
import type { CredentialStore } from './postgres-credential-store.ts';
import {
  GrantEndedError,
  requestToken,
  scopeText,
  type TokenParty,
  verifyAuthorizationResponse,
} from './request-token.ts';
import { revokeToken } from './revoke-token.ts';
import type { StoredCredential } from './stored-credential.ts';
import { type DescribedConnection, type TokenParties, unsupported, wantedScopes } from './token-parties.ts';
import type { UsableCredentials } from './usable-credentials.ts';

/** What a person agrees to, and takes back. */
export interface AuthorizationGrants {
  /** Throws `OAUTH_UNSUPPORTED` | `OAUTH_DISCOVERY_FAILED` | `CREDENTIAL_MISSING` | `SECRET_REFERENCE_*`. */
  authorizationRequest(key: ConnectionKey): Promise<AuthorizationRequest>;
  /** Exchanges the code and stores the grant. Throws `OAUTH_*` | `CREDENTIAL_REFUSED`; then nothing is stored. */
  acceptAnswer(key: ConnectionKey, answer: AuthorizationAnswer): Promise<{ readonly generation: number }>;
  /** Tells the provider that the grant is over (RFC 7009), as far as it wants to know. Never throws. */
  revoke(key: ConnectionKey): Promise<'revoked' | 'not-offered' | 'failed'>;
}

export function createAuthorizationGrants(ports: {
  readonly store: CredentialStore;
  readonly parties: TokenParties;
  readonly usable: UsableCredentials;
}): AuthorizationGrants {
  const { store, parties, usable } = ports;

  async function open(key: ConnectionKey) {
    const described = await parties.describe(key);
    const row = await store.read(key);
    if (row?.credential.auth !== described.connection.auth) throw missingCredential(key.id);
    return { described, credential: row.credential, party: await parties.partyOf(described, row.credential) };
  }

  return {
    async authorizationRequest(key) {
      const { described, credential, party } = await open(key);
      return describeRequest(described, credential, party);
    },

    async acceptAnswer(key, answer) {
      const { described, credential, party } = await open(key);
      const request = describeRequest(described, credential, party);
      if (!request.registrationHash.equals(answer.registrationHash)) throw registrationChanged(key);
      const { params, state, redirectUri, verifier, scopes } = answer;
      const response = verifyAuthorizationResponse(party.server, request.clientId, params, state);
      const grant = { grant: 'authorization_code', response, redirectUri, verifier, scopes } as const;
      const token = await requestToken(party, grant).catch((error: unknown) => {
        throw error instanceof GrantEndedError ? codeRefused(error) : error;
      });
      const authorized = { auth: credential.auth, secrets: credential.secrets, token };
      const generation = await store.replace(key, (current) => {
        // A rotation in between decides: the grant belongs to the client it was given to.
        if (!current || !isSameClient(current, credential)) throw registrationChanged(key);
        return {
          credential: { ...authorized, secrets: current.secrets },
          facts: factsOf(key.id, 0, described.auth, authorized),
          reauth: null,
          grantedScopes: described.scopes === undefined ? null : (token.scopes ?? null),
          audit: {
            kind: 'connection.authorized',
            actor: answer.by,
            details: {
              auth: credential.auth,
              scopes: token.scopes ?? null,
              renewable: token.refreshToken !== undefined,
            },
          },
        };
      });
      usable.keepSecret(key.id, { credential: authorized, generation });
      usable.forget(key.id);
      return { generation };
    },

    async revoke(key) {
      try {
        const { credential, party } = await open(key);
        return await revokeToken(party, credential);
      } catch (error) {
        // Also a credential that does not open, or a kind of auth that knows no revocation.
        return error instanceof RuntimeError && error.code === 'OAUTH_UNSUPPORTED' ? 'not-offered' : 'failed';
      }
    },
  };
}

function describeRequest(
  described: DescribedConnection,
  credential: StoredCredential,
  { auth, server, secrets }: TokenParty,
): AuthorizationRequest {
  const { connection } = described;
  const { authorization_endpoint: endpoint, token_endpoint: tokenEndpoint, issuer } = server.metadata;
  if (!auth.grants.includes('authorization_code')) throw unsupported(connection, 'its auth has no authorization_code');
  if (endpoint === undefined) throw unsupported(connection, 'its connector and issuer name no authorization endpoint');
  const { clientId } = secrets;
  if (clientId === undefined) throw unsupported(connection, 'its credential has no clientId; store one');
  const scopes = wantedScopes(described, credential);
  const serverName = JSON.stringify([server.isNamed ? issuer : null, endpoint, tokenEndpoint]);
  return {
    authorizationEndpoint: endpoint,
    clientId,
    scopes,
    scope: scopes && scopes.length > 0 ? scopeText(auth, scopes) : undefined,
    registrationHash: createHash('sha256')
      .update(JSON.stringify([serverName, clientId]))
      .digest(),
    // An issuer may send people to another server's page: what comes back is still for the issuer.
    serverHost: new URL(server.isNamed ? issuer : endpoint).host,
    namesItself: server.metadata.authorization_response_iss_parameter_supported === true,
  };
}

function isSameClient(one: StoredCredential, other: StoredCredential): boolean {
  const clientOf = ({ auth, secrets }: StoredCredential) => JSON.stringify([auth, secrets.clientId, secrets.issuer]);
  return clientOf(one) === clientOf(other);
}

function registrationChanged({ id }: ConnectionKey): RuntimeError {
  return new RuntimeError(
    'OAUTH_REGISTRATION_CHANGED',
    `connection ${id} has another app registration than when this was begun; begin again`,
    { details: { connectionId: id } },
  );
}

function codeRefused(cause: Error): RuntimeError {
  return new RuntimeError('OAUTH_CODE_REFUSED', `the provider does not take the code: ${cause.message}; begin again`);
}
