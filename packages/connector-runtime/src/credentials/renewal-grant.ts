import type { ManifestAuth } from '@org/connector-sdk';
import type { OAuthGrant, StoredCredential } from './stored-credential.ts';

type OAuth2 = Extract<ManifestAuth, { kind: 'oauth2' }>;

/** Which grant would give a new token without a person; undefined when there is none. */
export function renewalGrant(auth: OAuth2, { secrets, token }: StoredCredential): OAuthGrant | undefined {
  if (secrets.clientId === undefined) return undefined;
  // What a person agreed to is never replaced by what the client may do in its own name.
  const isPersonal = token?.grant === 'authorization_code' || secrets.grant === 'authorization_code';
  const own = isPersonal ? undefined : ownGrant(auth, secrets);
  // A refresh token that came with the client's own grant is not needed, and its end must not end the connection.
  if (own !== undefined && token?.grant === own) return own;
  return token?.refreshToken === undefined ? own : 'refresh_token';
}

/** A grant that the client gets in its own name. */
function ownGrant(auth: OAuth2, secrets: StoredCredential['secrets']): OAuthGrant | undefined {
  const { clientSecret, privateKey, subject, grant } = secrets;
  const grants = auth.grants.filter((offered) => grant === undefined || offered === grant);
  if (grants.includes('jwt_bearer') && privateKey !== undefined && subject !== undefined) return 'jwt_bearer';
  const proof = clientSecret ?? privateKey;
  return grants.includes('client_credentials') && proof !== undefined ? 'client_credentials' : undefined;
}
