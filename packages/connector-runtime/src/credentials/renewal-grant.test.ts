import type { ManifestAuth } from '@org/connector-sdk';
import { expect, it } from 'vitest';
import { renewalGrant } from './renewal-grant.ts';
import type { OAuthGrant } from './stored-credential.ts';

const auth: Extract<ManifestAuth, { kind: 'oauth2' }> = {
  kind: 'oauth2',
  title: 'All',
  grants: ['authorization_code', 'client_credentials', 'jwt_bearer', 'refresh_token'],
  tokenUrl: 'https://as.example/token',
};
const client = { clientId: 'c', clientSecret: 's' };
const key = { clientId: 'c', privateKey: 'k', subject: 'u' };

/** [what the administrator gave, the grant of the token there is, its refresh token] */
it.each<[Record<string, string>, OAuthGrant | undefined, string | undefined, OAuthGrant | undefined]>([
  [client, undefined, undefined, 'client_credentials'],
  [key, undefined, undefined, 'jwt_bearer'],
  [{ ...key, grant: 'client_credentials' }, undefined, undefined, 'client_credentials'],
  [{ ...client, grant: 'authorization_code' }, undefined, undefined, undefined],
  [{ ...client, grant: 'authorization_code' }, 'authorization_code', 'r', 'refresh_token'],
  // A person's grant that ends is not replaced by what the client may do in its own name.
  [client, 'authorization_code', undefined, undefined],
  [client, 'authorization_code', 'r', 'refresh_token'],
  [client, 'refresh_token', 'r', 'refresh_token'],
  // A refresh token that came with the client's own grant is not needed.
  [client, 'client_credentials', 'r', 'client_credentials'],
  [{ clientId: 'c' }, 'given', 'r', 'refresh_token'],
  [{}, 'given', 'r', undefined],
])('%j with a token by %s (refresh token: %s) is renewed by %s', (secrets, grant, refreshToken, expected) => {
  const token = grant && { accessToken: 'a', grant, ...(refreshToken === undefined ? {} : { refreshToken }) };
  expect(renewalGrant(auth, { auth: 'oauth', secrets, ...(token ? { token } : {}) })).toBe(expected);
});
