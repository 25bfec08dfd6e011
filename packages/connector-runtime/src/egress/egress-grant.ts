import type { HttpTrace } from '../types/run.ts';
import type { Effect } from './write-effect.ts';

/** What one call may do, and as whom. */
export interface EgressGrant {
  /** Resolved patterns, see `resolveAllowedHosts`. */
  readonly allowedHosts: readonly string[];
  /** Requests with different ones never share a connection. A connection's id. */
  readonly partition: string;
  /** Gives the credential's headers for each request; `generation` names the credential they came from. */
  readonly authorize?: () => Promise<{
    readonly headers: Readonly<Record<string, string>>;
    readonly generation: number;
  }>;
  /** After a 401: true when there is a newer credential to try, once. */
  readonly onUnauthorized?: (generation: number) => Promise<boolean>;
  /** The caller's own `authorization` header is sent: only for code that authenticates. */
  readonly ownAuthorization?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Nothing of it changes anything, whatever the method (GraphQL and Slack read by POST): each request may be sent again. */
  readonly readsOnly?: boolean;
  /** Asked before each request that may change something leaves; it does not where this rejects. */
  readonly beforeWrite?: (() => Promise<void>) | undefined;
  /** Whether and when each request leaves. Left out, at once: for what is no use of the SaaS, such as fetching a token. */
  readonly gate?: DepartureGate;
  /** For all requests of the session together. */
  readonly timeoutMs: number;
  /** Of one answer, decompressed. Default 10 MiB. */
  readonly maxResponseBytes?: number;
}

/** Asked before each request, redirects and retries included. */
export interface DepartureGate {
  /**
   * Calls `send` once the request may leave, or throws without calling it. `onHead` learns from each answer, as soon as its
   * headers are there.
   */
  pass<T extends AnswerHead>(
    request: {
      /** How long it can wait and still be answered in its time. */
      readonly patienceMs: number;
      readonly signal: AbortSignal;
      /** Something was sent already, that this one belongs to. */
      readonly begun: boolean;
    },
    send: (onHead: (head: AnswerHead) => void) => Promise<T>,
  ): Promise<T>;
}

export interface AnswerHead {
  readonly status: number;
  /** Lower-case; repeats joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface BrokerRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface BrokerResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Where it came from, after redirects. */
  readonly url: string;
  readonly body: Uint8Array;
}

export interface BrokerSession {
  /** @throws RuntimeError `EGRESS_*`, or what the credential's owner throws (`CREDENTIAL_*`, `CONNECTION_*`). */
  request(request: BrokerRequest): Promise<BrokerResponse>;
  effect(): Effect;
  trace(): HttpTrace[];
  /** Milliseconds that the last 429 or 503 asked to wait. */
  retryAfterMs(): number | undefined;
  /** Milliseconds until it may try again, when the gate did not let its last request leave for want of budget. */
  heldBackMs(): number | undefined;
  /** Ends what is under way; a later request is refused. */
  close(): void;
}
