import type { ManifestAuth } from '@org/connector-sdk';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { RuntimeError } from '../types/errors.ts';

/** What is sealed for a connection. */
export interface StoredCredential {
  /** Key of `connection.auth` it was given for. */
  readonly auth: string;
  /** What the administrator gave. */
  readonly secrets: Readonly<Record<string, string>>;
  /** What OAuth gave. */
  readonly token?: OAuthToken;
  /** What custom auth gave. */
  readonly session?: AuthSession;
}

export interface OAuthToken {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Milliseconds since 1970; absent when the answer named none: then it is used until it is refused. */
  readonly expiresAt?: number;
  readonly grant: 'client_credentials' | 'refresh_token' | 'given';
}

interface AuthSession {
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const OAUTH_FIELDS = ['clientId', 'clientSecret', 'accessToken', 'refreshToken', 'expiresAt', 'scope'];
const ajv = new Ajv2020({ strict: false, validateFormats: false });

/**
 * The first credential of a connection, from what its administrator gave.
 * @throws RuntimeError `CREDENTIAL_INVALID` naming fields, never values.
 */
export function newCredential(
  name: string,
  auth: ManifestAuth,
  secrets: Readonly<Record<string, string>>,
): StoredCredential {
  for (const [field, value] of Object.entries(secrets)) {
    if (typeof value !== 'string' || value === '') throw invalid(name, `${field} is empty or no text`);
  }
  if (auth.kind === 'basic') requireFields(name, secrets, ['username', 'password']);
  else if (auth.kind === 'api_key') requireFields(name, secrets, ['key']);
  else if (auth.kind === 'custom') requireSchema(name, auth.secret, secrets);
  else return newOAuthCredential(name, auth, secrets);
  return { auth: name, secrets };
}

function newOAuthCredential(
  name: string,
  auth: Extract<ManifestAuth, { kind: 'oauth2' }>,
  secrets: Readonly<Record<string, string>>,
): StoredCredential {
  const unknown = Object.keys(secrets).filter((field) => !OAUTH_FIELDS.includes(field));
  if (unknown.length > 0) throw invalid(name, `it takes no ${unknown.join(', ')}`);
  const { accessToken, refreshToken, expiresAt: expiry, ...client } = secrets;
  const canAsk =
    client.clientId !== undefined && (auth.grants.includes('client_credentials') || refreshToken !== undefined);
  if (accessToken === undefined && !canAsk) {
    throw invalid(name, 'it needs an accessToken, or a clientId with a clientSecret or a refreshToken');
  }
  const expiresAt = expiry === undefined ? undefined : Date.parse(expiry);
  if (Number.isNaN(expiresAt)) throw invalid(name, 'expiresAt is no ISO 8601 time');
  if (accessToken === undefined && refreshToken === undefined) return { auth: name, secrets: client };
  const token: OAuthToken = {
    accessToken: accessToken ?? '',
    grant: 'given',
    ...(refreshToken === undefined ? {} : { refreshToken }),
    // Without an access token there is one to fetch before anything is sent.
    ...(accessToken === undefined ? { expiresAt: 0 } : expiresAt === undefined ? {} : { expiresAt }),
  };
  return { auth: name, secrets: client, token };
}

function requireFields(name: string, secrets: Readonly<Record<string, string>>, fields: readonly string[]): void {
  const given = Object.keys(secrets).sort();
  if (given.join() !== [...fields].sort().join()) {
    throw invalid(name, `it takes ${fields.join(' and ')}, and was given ${given.join(', ') || 'nothing'}`);
  }
}

function requireSchema(name: string, schema: object, secrets: Readonly<Record<string, string>>): void {
  const { $schema: _, ...body } = schema as Record<string, unknown>;
  const validate = ajv.compile(body);
  if (validate(secrets)) return;
  // Ajv's messages name the rule and the place; `params` could quote a value and is left out.
  const [error] = validate.errors ?? [];
  throw invalid(name, `${error?.instancePath || 'the whole'} ${error?.message ?? 'does not fit'}`);
}

function invalid(name: string, why: string): RuntimeError {
  return new RuntimeError('CREDENTIAL_INVALID', `the secret for "${name}" is refused: ${why}`, {
    details: { auth: name },
  });
}

/** Every value in it that must not be seen. */
export function secretValues({ secrets, token, session }: StoredCredential): string[] {
  const { clientId: _, username: __, scope: ___, ...secret } = secrets;
  const headers = Object.values(session?.headers ?? {});
  const tokens = headers.flatMap((value) => [value, value.slice(value.indexOf(' ') + 1)]);
  const basic = secrets.username === undefined ? [] : [basicPair(secrets)];
  const values = [...Object.values(secret), token?.accessToken, token?.refreshToken, ...tokens, ...basic];
  return values.filter((value): value is string => value !== undefined && value !== '');
}

/** What HTTP Basic sends (RFC 7617). */
export function basicPair({ username = '', password = '' }: Readonly<Record<string, string>>): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}
