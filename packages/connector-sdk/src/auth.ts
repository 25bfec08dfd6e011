import type { CallContext } from './http.ts';
import type { InferOutput, Schema } from './schema.ts';

/** OAuth 2.0, done by the runtime: connector code neither runs nor sees a token. URLs may use `{config.x}`. */
export interface OAuth2Auth {
  readonly kind: 'oauth2';
  readonly title: string;
  readonly grants: readonly ('authorization_code' | 'client_credentials' | 'jwt_bearer' | 'refresh_token')[];
  readonly authorizationUrl?: string;
  readonly tokenUrl: string;
  readonly revocationUrl?: string;
  /** Where the client's own credentials go in a token request. Default `basic`. */
  readonly clientAuthentication?: 'basic' | 'post';
}

/** HTTP Basic; the secret fields are `username` and `password`. */
export interface BasicAuth {
  readonly kind: 'basic';
  readonly title: string;
}

/** A fixed key in a header; the secret field is `key`. */
export interface ApiKeyAuth {
  readonly kind: 'api_key';
  readonly title: string;
  readonly header: string;
  readonly prefix?: string;
}

export interface AuthenticateContext<Secret, Config> extends CallContext<Config> {
  readonly secret: Secret;
  /** Milliseconds since 1970, the runtime's clock. */
  readonly now: number;
}

/** Headers the broker adds to each request of the connection until `expiresAt` (ISO 8601). */
export interface Authentication {
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: string;
}

/** Code of the connector that may see the secret; it runs in a process of its own that reaches `hosts` only. */
export interface CustomAuth<S extends Schema = Schema, Config = never> {
  readonly kind: 'custom';
  readonly title: string;
  /** May use `{config.x}`. */
  readonly hosts: readonly string[];
  readonly secret: S;
  authenticate(ctx: AuthenticateContext<InferOutput<S>, Config>): Promise<Authentication>;
}

/** Custom auth of any secret and config. */
export interface AnyCustomAuth {
  readonly kind: 'custom';
  readonly title: string;
  readonly hosts: readonly string[];
  readonly secret: Schema;
  authenticate(ctx: never): Promise<Authentication>;
}

export type AnyAuth = OAuth2Auth | BasicAuth | ApiKeyAuth | AnyCustomAuth;

export function defineAuth<S extends Schema, Config>(auth: CustomAuth<S, Config>): CustomAuth<S, Config>;
export function defineAuth<const A extends OAuth2Auth | BasicAuth | ApiKeyAuth>(auth: A): A;
export function defineAuth(auth: AnyAuth): AnyAuth {
  return auth;
}
