import type { ActionErrorKind } from '@org/connector-sdk';

/** What crosses between the runtime and a host process. Bodies are base64; everything else is JSON. */

/** The first thing a host reads, long before any connector code. */
export interface HostStart {
  /** Stands before every line the host writes. Known to this one process and never to connector code. */
  readonly nonce: string;
  /** Of one call; further ones are not even written. */
  readonly maxLogLines: number;
}

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly kind: ActionErrorKind;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface WireRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64; absent when there is none. */
  readonly body?: string;
  readonly timeoutMs?: number;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  /** Base64. */
  readonly body: string;
}

export interface WireLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface WireDelivery {
  readonly id: string;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  /** ISO 8601, UTC. */
  readonly receivedAt: string;
  /** Base64. */
  readonly body: string;
}

/** Runtime to host, one JSON line each. */
export type ToHost =
  /** The verified `connector.mjs`. Comes first, and once. */
  { readonly type: 'load'; readonly code: string } | FromRuntime;

/** What follows once the connector is loaded. */
export type FromRuntime =
  | { readonly type: 'call'; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly type: 'http-response'; readonly id: number; readonly seq: number; readonly response: WireResponse }
  | { readonly type: 'http-error'; readonly id: number; readonly seq: number; readonly error: WireError }
  | { readonly type: 'cancel'; readonly id: number };

/** Host to runtime: `<nonce> <kind> <call id> <json>` on a line of its own. */
export type FromHostKind = 'ready' | 'unloadable' | 'fatal' | 'answer' | 'error' | 'http' | 'log';
