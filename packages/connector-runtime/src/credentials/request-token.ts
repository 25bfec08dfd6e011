import type { ManifestAuth } from '@org/connector-sdk';
import * as oauth from 'oauth4webapi';
import { RuntimeError } from '../types/errors.ts';
import type { OAuthToken, StoredCredential } from './stored-credential.ts';

type OAuth2 = Extract<ManifestAuth, { kind: 'oauth2' }>;

/** The broker, opened for the token host only. */
export interface TokenHttp {
  request(request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  }): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  }>;
}

/** The provider said that this grant is over: only a person can connect again. */
export class GrantEndedError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'GrantEndedError';
  }
}

/** Which grant would give a new token; undefined when only a person can. */
export function renewableBy(auth: OAuth2, { secrets, token }: StoredCredential): OAuthToken['grant'] | undefined {
  const byClient =
    auth.grants.includes('client_credentials') && secrets.clientId !== undefined && secrets.clientSecret !== undefined;
  // A refresh token that came with client credentials is not needed, and its end must not end the connection.
  if (byClient && token?.grant === 'client_credentials') return 'client_credentials';
  if (token?.refreshToken !== undefined && secrets.clientId !== undefined) return 'refresh_token';
  return byClient ? 'client_credentials' : undefined;
}

/**
 * One request to the token endpoint (RFC 6749, sections 4.4 and 6). An answer without `refresh_token` keeps the old one.
 *
 * @throws GrantEndedError for `invalid_grant`; RuntimeError `CREDENTIAL_REFUSED`, or what the broker throws.
 */
export async function requestToken(
  auth: OAuth2,
  tokenUrl: string,
  credential: StoredCredential,
  http: TokenHttp,
  now: number,
): Promise<OAuthToken> {
  const grant = renewableBy(auth, credential);
  if (grant === undefined) throw new GrantEndedError('there is no refresh token and no other grant');
  const { clientId = '', clientSecret, scope } = credential.secrets;
  const server: oauth.AuthorizationServer = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl };
  const client: oauth.Client = { client_id: clientId };
  const authentication = clientAuthentication(auth, clientSecret);
  // Whether http may be used is the broker's to decide.
  const options = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: fetchThrough(http) };
  try {
    const refreshToken = credential.token?.refreshToken;
    const answer =
      grant === 'refresh_token' && refreshToken !== undefined
        ? await oauth.processRefreshTokenResponse(
            server,
            client,
            await oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, options),
          )
        : await oauth.processClientCredentialsResponse(
            server,
            client,
            await oauth.clientCredentialsGrantRequest(server, client, authentication, scope ? { scope } : {}, options),
          );
    return toToken(answer, grant, refreshToken, now);
  } catch (error) {
    throw asRefusal(error, tokenUrl);
  }
}

function toToken(
  answer: oauth.TokenEndpointResponse,
  grant: OAuthToken['grant'],
  previous: string | undefined,
  now: number,
): OAuthToken {
  const refreshToken = answer.refresh_token ?? previous;
  return {
    accessToken: answer.access_token,
    grant,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(answer.expires_in === undefined ? {} : { expiresAt: now + answer.expires_in * 1000 }),
  };
}

function clientAuthentication(auth: OAuth2, clientSecret: string | undefined): oauth.ClientAuth {
  if (clientSecret === undefined) return oauth.None();
  return auth.clientAuthentication === 'post'
    ? oauth.ClientSecretPost(clientSecret)
    : oauth.ClientSecretBasic(clientSecret);
}

function fetchThrough(http: TokenHttp) {
  return async (url: string, options: { method: string; headers: Record<string, string>; body?: unknown }) => {
    const body = Buffer.from(String(options.body ?? ''));
    const answer = await http.request({ method: options.method, url, headers: options.headers, body });
    if (answer.status === 429 || answer.status >= 500) {
      const { host } = new URL(url);
      throw new RuntimeError(
        'EGRESS_FAILED',
        `${host} gives no tokens just now (status ${answer.status}); try again later`,
        {
          details: { host, status: answer.status },
        },
      );
    }
    return new Response(new Uint8Array(answer.body), { status: answer.status, headers: answer.headers });
  };
}

/** The provider's own code is kept; its description and body are not, since they could quote what was sent. */
function asRefusal(error: unknown, tokenUrl: string): Error {
  if (error instanceof RuntimeError) return error;
  const { host } = new URL(tokenUrl);
  if (error instanceof oauth.ResponseBodyError) {
    if (error.error === 'invalid_grant') return new GrantEndedError('the provider answered invalid_grant');
    const reason = /^[a-z_]{1,60}$/.test(error.error) ? error.error : 'an error';
    return new RuntimeError(
      'CREDENTIAL_REFUSED',
      `${host} refused to give a token: ${reason}; check the client's registration`,
      {
        details: { host, reason, status: error.status },
      },
    );
  }
  return new RuntimeError('CREDENTIAL_REFUSED', `${host} answered the token request with something that is no token`, {
    details: { host },
  });
}
