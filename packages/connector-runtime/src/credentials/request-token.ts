import type { ManifestAuth } from '@org/connector-sdk';
import * as oauth from 'oauth4webapi';
import { RuntimeError } from '../types/errors.ts';
import { clientAuthentication, signAssertion } from './client-authentication.ts';
import { fetchThrough } from './oauth-fetch.ts';
import type { OAuthServer } from './oauth-server.ts';
import type { OAuthGrant, OAuthToken } from './stored-credential.ts';
import { plainTokenAnswer, toToken } from './token-answer.ts';
import type { TokenHttp } from './token-http.ts';

type OAuth2 = Extract<ManifestAuth, { kind: 'oauth2' }>;

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** The provider said that this grant is over: only a person can connect again. */
export class GrantEndedError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'GrantEndedError';
  }
}

/** Who asks, and whom. */
export interface TokenParty {
  readonly auth: OAuth2;
  readonly server: OAuthServer;
  /** References are resolved. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly http: TokenHttp;
  readonly now: number;
}

export type TokenGrant =
  | { readonly grant: 'client_credentials' | 'jwt_bearer'; readonly scopes?: readonly string[] | undefined }
  | {
      readonly grant: 'refresh_token';
      readonly refreshToken: string;
      /** Of the grant so far: kept when the answer names none. */
      readonly scopes?: readonly string[] | undefined;
    }
  | {
      readonly grant: 'authorization_code';
      /** Validated by {@link verifyAuthorizationResponse}. */
      readonly response: URLSearchParams;
      readonly redirectUri: string;
      readonly verifier: string;
      readonly scopes?: readonly string[] | undefined;
    };

/**
 * One request to the token endpoint (RFC 6749 and 7523). An answer without `refresh_token` keeps the old one.
 *
 * @throws GrantEndedError for `invalid_grant`; RuntimeError `CREDENTIAL_REFUSED`, `CREDENTIAL_INVALID`, or what the broker throws
 */
export async function requestToken(party: TokenParty, asked: TokenGrant): Promise<OAuthToken> {
  const { auth, server, secrets, http, now } = party;
  const client: oauth.Client = { client_id: secrets.clientId ?? '' };
  try {
    const send = { ...party, client, authentication: await clientAuthentication(auth, server, secrets) };
    const answer = await exchange(send, asked, {
      // Whether http may be used is the broker's to decide.
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: fetchThrough(http, plainTokenAnswer),
    });
    const previousRefreshToken = asked.grant === 'refresh_token' ? asked.refreshToken : undefined;
    return toToken(answer, { grant: asked.grant, previousRefreshToken, requestedScopes: asked.scopes, askedAt: now });
  } catch (error) {
    throw asRefusal(error, asked.grant, server);
  }
}

type Sender = TokenParty & { readonly client: oauth.Client; readonly authentication: oauth.ClientAuth };

async function exchange(
  { auth, server, client, authentication, secrets, now }: Sender,
  asked: TokenGrant,
  options: oauth.TokenEndpointRequestOptions,
): Promise<oauth.TokenEndpointResponse> {
  const { metadata } = server;
  const scope = asked.scopes && asked.scopes.length > 0 ? { scope: scopeText(auth, asked.scopes) } : undefined;
  switch (asked.grant) {
    case 'refresh_token':
      return oauth.processRefreshTokenResponse(
        metadata,
        client,
        await oauth.refreshTokenGrantRequest(metadata, client, authentication, asked.refreshToken, options),
      );
    case 'client_credentials':
      return oauth.processClientCredentialsResponse(
        metadata,
        client,
        await oauth.clientCredentialsGrantRequest(metadata, client, authentication, scope ?? {}, options),
      );
    case 'jwt_bearer': {
      const parameters = { assertion: await signAssertion(server, secrets, now), ...scope };
      return oauth.processGenericTokenEndpointResponse(
        metadata,
        client,
        await oauth.genericTokenEndpointRequest(metadata, client, authentication, JWT_BEARER, parameters, options),
      );
    }
    case 'authorization_code': {
      const { response, redirectUri, verifier } = asked;
      return oauth.processAuthorizationCodeResponse(
        metadata,
        client,
        await oauth.authorizationCodeGrantRequest(
          metadata,
          client,
          authentication,
          response,
          redirectUri,
          verifier,
          options,
        ),
      );
    }
  }
}

/** Scopes as this provider writes them. */
export function scopeText({ scopeStyle }: OAuth2, scopes: readonly string[]): string {
  return scopes.join(scopeStyle === 'comma' ? ',' : ' ');
}

/**
 * What a browser brought back, before anything is sent (RFC 6749, section 4.1.2; RFC 9207).
 *
 * @throws RuntimeError `OAUTH_ISSUER_MISMATCH` | `OAUTH_DENIED` | `OAUTH_RESPONSE_INVALID`
 */
export function verifyAuthorizationResponse(
  { metadata, isNamed }: OAuthServer,
  clientId: string,
  params: URLSearchParams,
  state: string,
): URLSearchParams {
  const issuer = params.get('iss');
  const mustSay = metadata.authorization_response_iss_parameter_supported === true;
  // Where nobody said who the server is, its answers may name whoever lives where people were sent to.
  const expected = isNamed ? metadata.issuer : sameOrigin(issuer, metadata.authorization_endpoint);
  if (issuer === null ? mustSay : issuer !== expected) {
    throw new RuntimeError('OAUTH_ISSUER_MISMATCH', 'the answer came from another authorization server; begin again');
  }
  // Only a code was asked for: whoever adds a token wants it to be taken (RFC 9700, 2.1.2).
  if (['access_token', 'id_token', 'token'].some((name) => params.has(name))) throw responseInvalid();
  try {
    return oauth.validateAuthResponse(
      { ...metadata, issuer: issuer ?? metadata.issuer },
      { client_id: clientId },
      params,
      state,
    );
  } catch (error) {
    if (!(error instanceof oauth.AuthorizationResponseError)) throw responseInvalid();
    const reason = plainError(error.error);
    throw new RuntimeError('OAUTH_DENIED', `the provider gave no access: ${reason}; begin again`, {
      details: { reason },
    });
  }
}

function sameOrigin(issuer: string | null, endpoint: string | undefined): string | undefined {
  if (issuer === null || endpoint === undefined || !URL.canParse(issuer)) return undefined;
  return new URL(issuer).origin === new URL(endpoint).origin ? issuer : undefined;
}

function responseInvalid(): RuntimeError {
  return new RuntimeError(
    'OAUTH_RESPONSE_INVALID',
    'the answer of the provider is not that of a code flow; begin again',
  );
}

/** Servers that say it in another word: ServiceNow answers `access_denied` for a refresh token that is over. */
const ENDED: Readonly<Partial<Record<OAuthGrant, ReadonlySet<string>>>> = {
  refresh_token: new Set(['invalid_grant', 'access_denied']),
  authorization_code: new Set(['invalid_grant']),
};

/** The provider's own code is kept; its description and body are not, since they could quote what was sent. */
function asRefusal(error: unknown, grant: OAuthGrant, { metadata }: OAuthServer): Error {
  if (error instanceof RuntimeError) return error;
  const { host } = new URL(metadata.token_endpoint);
  if (error instanceof oauth.ResponseBodyError) {
    const reason = plainError(error.error);
    if (ENDED[grant]?.has(error.error)) return new GrantEndedError(`the provider answered ${reason}`);
    return new RuntimeError(
      'CREDENTIAL_REFUSED',
      `${host} refused to give a token: ${reason}; check the client's registration`,
      { details: { host, reason, status: error.status } },
    );
  }
  return new RuntimeError('CREDENTIAL_REFUSED', `${host} answered the token request with something that is no token`, {
    details: { host },
  });
}

function plainError(error: string): string {
  return /^[a-z_]{1,60}$/.test(error) ? error : 'an error';
}
