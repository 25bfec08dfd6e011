import type { CallContext } from './http.ts';
import type { InferOutput, Schema } from './schema.ts';

type UnattendedGrant = 'client_credentials' | 'jwt_bearer' | 'refresh_token';

/**
 * OAuth 2.0, done by the runtime: connector code neither runs nor sees a token. URLs may use `{config.x}`. Who takes
 * `authorization_code` says where people are sent, or who the issuer is.
 */
export type OAuth2Auth = OAuth2Base &
  (
    | { readonly grants: readonly UnattendedGrant[] }
    | { readonly grants: readonly (UnattendedGrant | 'authorization_code')[]; readonly authorizationUrl: string }
    | { readonly grants: readonly (UnattendedGrant | 'authorization_code')[]; readonly issuer: string }
  );

interface OAuth2Base {
  readonly kind: 'oauth2';
  readonly title: string;
  /**
   * Who the authorization server says it is (RFC 8414): what the URLs here leave out is discovered there, and the `iss` of its
   * answers is checked (RFC 9207).
   */
  readonly issuer?: string;
  readonly authorizationUrl?: string;
  readonly tokenUrl: string;
  readonly revocationUrl?: string;
  /** How the client proves itself in a token request. Default `basic`; `private_key_jwt` is RFC 7523, section 2.2. */
  readonly clientAuthentication?: 'basic' | 'post' | 'private_key_jwt';
  /**
   * How the provider writes a list of scopes. Default `space` (RFC 6749); `none`: the `provider` names of this connector's
   * scopes are no OAuth scopes, so none are asked for and a grant is taken as it is.
   */
  readonly scopeStyle?: 'space' | 'comma' | 'none';
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
  /** The connection's own: types `ctx.config`. */
  readonly config?: Schema<Config>;
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
