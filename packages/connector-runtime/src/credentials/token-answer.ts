import type * as oauth from 'oauth4webapi';
import type { JsonAnswer } from './oauth-fetch.ts';
import type { OAuthGrant, OAuthToken } from './stored-credential.ts';

/**
 * A token answer as RFC 6749 has it, from what vendors send: Slack says `ok: false` with status 200, calls bearer tokens
 * `bot` or `user`, and puts a user's own token into `authed_user` (https://docs.slack.dev/reference/methods/oauth.v2.access);
 * others send numbers as text and nulls for what there is not. Members that are not used here are left out.
 */
export function plainTokenAnswer({ status, value }: JsonAnswer): JsonAnswer {
  if (!isRecord(value)) return { status, value };
  if (value.ok === false) return { status: 400, value: { error: slackError(value.error) } };
  if (value.error !== undefined) return { status, value: { error: value.error } };
  const { authed_user: user } = value;
  const answer = typeof value.access_token !== 'string' && isRecord(user) ? user : value;
  const plain = {
    access_token: answer.access_token,
    token_type: answer.token_type === 'bot' || answer.token_type === 'user' ? 'bearer' : answer.token_type,
    refresh_token: answer.refresh_token,
    expires_in: toNumber(answer.expires_in),
    scope: answer.scope,
  };
  return { status, value: Object.fromEntries(Object.entries(plain).filter(([, member]) => isThere(member))) };
}

const SLACK_ENDED = new Set([
  ...['invalid_code', 'code_already_used', 'invalid_refresh_token', 'token_expired', 'token_revoked'],
]);
const SLACK_CLIENT = new Set(['invalid_client_id', 'bad_client_secret']);

function slackError(error: unknown): unknown {
  if (typeof error !== 'string') return 'invalid_request';
  if (SLACK_ENDED.has(error)) return 'invalid_grant';
  return SLACK_CLIENT.has(error) ? 'invalid_client' : error;
}

function toNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
}

function isThere(member: unknown): boolean {
  return member !== undefined && member !== null && member !== '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface TokenRequest {
  readonly grant: OAuthGrant;
  /** Kept when the answer has none (RFC 6749, section 6). */
  readonly previousRefreshToken?: string | undefined;
  /** What the grant covers when the answer does not say (section 5.1). */
  readonly requestedScopes?: readonly string[] | undefined;
  /** Milliseconds since 1970, before it was sent. */
  readonly askedAt: number;
}

export function toToken(answer: oauth.TokenEndpointResponse, request: TokenRequest): OAuthToken {
  const refreshToken = answer.refresh_token ?? request.previousRefreshToken;
  const scopes = answer.scope === undefined ? request.requestedScopes : splitScopes(answer.scope);
  return {
    accessToken: answer.access_token,
    grant: request.grant,
    obtainedAt: request.askedAt,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(answer.expires_in === undefined ? {} : { expiresAt: request.askedAt + answer.expires_in * 1000 }),
    ...(scopes === undefined ? {} : { scopes }),
  };
}

/** Most providers write spaces between them, some commas. */
export function splitScopes(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((scope) => scope !== ''))].sort();
}
