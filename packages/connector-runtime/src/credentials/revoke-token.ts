import * as oauth from 'oauth4webapi';
import { clientAuthentication } from './client-authentication.ts';
import { fetchThrough } from './oauth-fetch.ts';
import type { TokenParty } from './request-token.ts';
import type { StoredCredential } from './stored-credential.ts';

/** Ends the grant at its provider (RFC 7009): the refresh token takes the access tokens with it where there is one. */
export async function revokeToken(
  { auth, server, secrets, http }: TokenParty,
  { token }: StoredCredential,
): Promise<'revoked' | 'not-offered'> {
  const { metadata } = server;
  const value = token?.refreshToken ?? token?.accessToken;
  if (metadata.revocation_endpoint === undefined || !value) return 'not-offered';
  const client = { client_id: secrets.clientId ?? '' };
  const authentication = await clientAuthentication(auth, server, secrets);
  const kind = token?.refreshToken === undefined ? 'access_token' : 'refresh_token';
  const answer = await oauth.revocationRequest(metadata, client, authentication, value, {
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: fetchThrough(http),
    additionalParameters: { token_type_hint: kind },
  });
  await oauth.processRevocationResponse(answer);
  return 'revoked';
}
