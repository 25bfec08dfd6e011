import type { InferOutput, Schema } from './schema.ts';

/** A request of connector code. It goes to the broker, which adds the credential and refuses hosts the manifest does not allow. */
export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute, or relative to the connection's `baseUrl`. */
  readonly url: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `application/json`. At most one of `json`, `form` and `body`. */
  readonly json?: unknown;
  /** Sent as `application/x-www-form-urlencoded`. */
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Bounds this request; never longer than what is left of the action's own time. */
  readonly timeoutMs?: number;
}

export interface HttpResponse {
  readonly status: number;
  /** 200 to 299. */
  readonly ok: boolean;
  /** Lower-case names. Credentials and cookies are not among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  bytes(): Uint8Array;
  text(): string;
  /** The body as JSON, checked and typed by `schema`. Throws `ActionError` `HTTP_RESPONSE_UNEXPECTED` when it does not fit. */
  json<S extends Schema>(schema: S): InferOutput<S>;
}

/** How connector code reaches its SaaS. There is no other way: the process that runs it has no network. */
export interface ConnectorHttp {
  request(request: HttpRequest): Promise<HttpResponse>;
  /** The same as a WHATWG `fetch`, for libraries that take one (`@slack/web-api`, Octokit). */
  readonly fetch: typeof globalThis.fetch;
}

/** Structured log lines, kept with the run. Field values are scrubbed of known secrets before they are written. */
export interface ConnectorLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What every call of connector code gets. No secret is in it. */
export interface CallContext<Config = unknown> {
  readonly config: Config;
  readonly http: ConnectorHttp;
  /** Aborted when the call's time is over or its run is cancelled. */
  readonly signal: AbortSignal;
  readonly log: ConnectorLog;
}
