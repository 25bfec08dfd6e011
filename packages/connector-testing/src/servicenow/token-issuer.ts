import { randomBytes } from 'node:crypto';

export interface ServiceNowOAuthOptions {
  clientId: string;
  clientSecret: string;
  /** A refresh token that is valid from the start, as after a consent given earlier. */
  refreshToken?: string;
  /** Seconds until an access token expires; default 1800, as in the vendor's documentation. */
  accessTokenSeconds?: number;
  /** What a refresh answers: the same refresh token (the vendor's default), a new one that ends the old one, or none. */
  refreshReply?: 'same' | 'rotate' | 'omit';
}

export interface BasicCredentials {
  user: string;
  password: string;
}

export interface TokenIssuer {
  /** Answers `POST /oauth_token.do`. */
  answer(form: URLSearchParams, authorization: string | undefined): Response;
  /** Whether the access token was issued here and has neither expired nor been revoked. */
  isValid(accessToken: string): boolean;
  revoke(what: { refreshTokens: boolean }): void;
  reset(): void;
  readonly counts: { issued: number; refused: number };
  /** Every token that is valid now, for whoever searches logs for them. */
  issuedTokens(): string[];
}

const noStore = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

export function createTokenIssuer(
  options: ServiceNowOAuthOptions,
  basic: BasicCredentials | undefined,
  clock: () => number,
): TokenIssuer {
  const expiryByToken = new Map<string, number>();
  const refreshTokens = new Set<string>();
  const counts = { issued: 0, refused: 0 };
  const lifetimeSeconds = options.accessTokenSeconds ?? 1800;
  const reset = () => {
    expiryByToken.clear();
    refreshTokens.clear();
    if (options.refreshToken !== undefined) refreshTokens.add(options.refreshToken);
    counts.issued = 0;
    counts.refused = 0;
  };
  reset();

  const refuse = (status = 401, error = 'access_denied') => {
    counts.refused += 1;
    return Response.json({ error, error_description: error }, { status, headers: noStore });
  };
  const issue = (refreshToken: string | undefined) => {
    const accessToken = randomBytes(48).toString('base64url');
    expiryByToken.set(accessToken, clock() + lifetimeSeconds * 1000);
    counts.issued += 1;
    const body = {
      scope: 'useraccount',
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
      access_token: accessToken,
    };
    return Response.json(body, { headers: noStore });
  };
  const newRefreshToken = () => {
    const token = randomBytes(48).toString('base64url');
    refreshTokens.add(token);
    return token;
  };

  return {
    counts,
    reset,
    issuedTokens: () => [...expiryByToken.keys(), ...refreshTokens],
    answer(form, authorization) {
      const client = readClient(form, authorization);
      if (client.id !== options.clientId || client.secret !== options.clientSecret) return refuse();
      switch (form.get('grant_type')) {
        case 'client_credentials':
          return issue(undefined);
        case 'password': {
          const isKnown = basic && form.get('username') === basic.user && form.get('password') === basic.password;
          return isKnown ? issue(newRefreshToken()) : refuse();
        }
        case 'refresh_token': {
          const presented = form.get('refresh_token') ?? '';
          if (!refreshTokens.has(presented)) return refuse();
          if (options.refreshReply === 'omit') return issue(undefined);
          if (options.refreshReply !== 'rotate') return issue(presented);
          refreshTokens.delete(presented);
          return issue(newRefreshToken());
        }
        default:
          return refuse(400, 'unsupported_grant_type');
      }
    },
    isValid(accessToken) {
      const expiry = expiryByToken.get(accessToken);
      return expiry !== undefined && clock() < expiry;
    },
    revoke(what) {
      expiryByToken.clear();
      if (what.refreshTokens) refreshTokens.clear();
    },
  };
}

/** The client's id and secret, in the form or as HTTP Basic (RFC 6749 §2.3.1). */
function readClient(
  form: URLSearchParams,
  authorization: string | undefined,
): { id: string | null; secret: string | null } {
  const pair = parseBasic(authorization);
  if (pair) return { id: pair.user, secret: pair.password };
  return { id: form.get('client_id'), secret: form.get('client_secret') };
}

/** The user and password of a Basic Authorization header, if it is one. */
export function parseBasic(authorization: string | undefined): BasicCredentials | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
