import { isSecretReference, type SecretValue } from '../types/secret-reference.ts';

/** What is sealed for a connection. References in it stay references: they are read right before use. */
export interface StoredCredential {
  /** Key of `connection.auth` it was given for. */
  readonly auth: string;
  /** What the administrator gave. */
  readonly secrets: Readonly<Record<string, SecretValue>>;
  /** What OAuth gave. */
  readonly token?: OAuthToken;
  /** What custom auth gave. */
  readonly session?: AuthSession;
}

export type OAuthGrant = 'authorization_code' | 'client_credentials' | 'jwt_bearer' | 'refresh_token' | 'given';

export interface OAuthToken {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Milliseconds since 1970; absent when the answer named none: then it is used until it is refused. */
  readonly expiresAt?: number;
  /** Milliseconds since 1970: when it was asked for. */
  readonly obtainedAt?: number;
  /** As the provider named them; absent when it says nothing of scopes. */
  readonly scopes?: readonly string[];
  readonly grant: OAuthGrant;
}

export interface AuthSession {
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly obtainedAt?: number;
}

/** Members of an OAuth credential that are no secrets. */
const PUBLIC = new Set(['clientId', 'username', 'scope', 'issuer', 'keyId', 'subject', 'audience', 'grant']);

/** Every value in it that must not be seen. Whoever reads a reference says what it points to. */
export function secretValues({ secrets, token, session }: StoredCredential): string[] {
  const literals = Object.entries(secrets).flatMap(([name, value]) =>
    PUBLIC.has(name) || isSecretReference(value) ? [] : [value],
  );
  const { username, password } = secrets;
  const pair = typeof username === 'string' && typeof password === 'string' ? [basicPair(username, password)] : [];
  const values = [...literals, ...pair, ...tokenValues(token), ...sessionValues(session)];
  return values.filter((value) => value !== '');
}

function tokenValues(token: OAuthToken | undefined): string[] {
  return [token?.accessToken, token?.refreshToken].filter((value) => value !== undefined);
}

function sessionValues(session: AuthSession | undefined): string[] {
  return Object.values(session?.headers ?? {}).flatMap((value) => [value, value.slice(value.indexOf(' ') + 1)]);
}

/** What HTTP Basic sends (RFC 7617). */
export function basicPair(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}
