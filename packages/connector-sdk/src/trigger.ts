import type { Deprecation } from './deprecation.ts';
import type { CallContext } from './http.ts';
import type { InferInput, InferOutput, Schema } from './schema.ts';

/** Keys in a header that is a list of `key=value`. Other keys are passed over; a delivery may be signed more than once. */
export interface SignatureFields {
  /** The key whose values are signatures: any of them may match. */
  readonly signature: string;
  /** The key whose one value is the time, in the place of `timestampHeader`. */
  readonly timestamp?: string;
  /** What stands between two of the list. Default `,`. */
  readonly separator?: ',' | ';' | ' ';
}

/** How a delivery proves who sent it. There is no `none`. Times are in seconds; the default tolerance is 300. */
export type Verification =
  | { readonly scheme: 'slack-v0'; readonly toleranceSeconds?: number }
  | { readonly scheme: 'github-sha256' }
  | {
      readonly scheme: 'hmac-sha256' | 'hmac-sha512';
      readonly signatureHeader: string;
      /** Where the header is a list such as `t=1700000000,v1=5257a8…`. Left out, it is the digest alone. */
      readonly fields?: SignatureFields;
      /** What stands before the digest, for example `sha256=`. */
      readonly prefix?: string;
      /** `base64url` is without padding. */
      readonly encoding: 'hex' | 'base64' | 'base64url';
      /** What is signed, from `{timestamp}`, `{id}` and `{body}`; `{body}` must be in it. */
      readonly payload: `${string}{body}${string}`;
      readonly timestampHeader?: string;
      readonly idHeader?: string;
      readonly toleranceSeconds?: number;
    }
  | { readonly scheme: 'standard-webhooks'; readonly version: 'v1' | 'v1a'; readonly toleranceSeconds?: number }
  | { readonly scheme: 'shared-secret-header'; readonly header: string };

/** Where a delivery's own id is: a header, a JSON pointer into the body, or (for senders without one) the digest of the body. */
export type DeliveryId = { readonly header: string } | { readonly pointer: string } | { readonly digest: 'body' };

/** An answer some vendors want before they send anything, given only after verification. */
export type Handshake =
  /** Slack: `{"type":"url_verification","challenge":"…"}` is answered with the challenge. */
  | { readonly kind: 'slack-url-verification' }
  /** GitHub: an `X-GitHub-Event: ping` is acknowledged and starts nothing. */
  | { readonly kind: 'header-value'; readonly header: string; readonly value: string };

/** A verified delivery, as `parse` sees it. */
export interface Delivery {
  readonly id: string;
  readonly contentType: string;
  /** Lower-case names; only those the webhook declares in `headers`. */
  readonly headers: Readonly<Record<string, string>>;
  /** ISO 8601, UTC. */
  readonly receivedAt: string;
  readonly body: Uint8Array;
  text(): string;
  /** The body as JSON. Throws `ActionError` `DELIVERY_NOT_JSON`. */
  json(): unknown;
  /** The body as `application/x-www-form-urlencoded`. */
  form(): URLSearchParams;
}

/** What the runtime must know to accept a delivery before any connector code runs. */
export interface WebhookReception {
  readonly verification: Verification;
  /** Media types without parameters; others are answered 415. */
  readonly contentTypes: readonly string[];
  readonly deliveryId: DeliveryId;
  readonly handshake?: Handshake;
  /** At most 26,214,400 (25 MiB). */
  readonly maxBodyBytes: number;
  /** Further headers that are kept for `parse`, lower-case. */
  readonly headers?: readonly string[];
}

export interface Webhook<E> extends WebhookReception {
  /** Pure: the delivery in, its events out. None is a valid answer. */
  parse(delivery: Delivery): readonly E[] | Promise<readonly E[]>;
}

export interface PollContext<Config = unknown> extends CallContext<Config> {}

export interface PollResult<E> {
  readonly events: readonly E[];
  /** Opaque to the runtime; stored in the transaction that stores the events. */
  readonly cursor: string;
  /** True when the next page should be read at once. */
  readonly more: boolean;
}

export interface Polling<E, Config = never> {
  readonly intervalSeconds: number;
  /** How far each poll reaches back behind its cursor: events that turn up late are still seen. */
  readonly overlapSeconds: number;
  poll(ctx: PollContext<Config>, cursor: string | undefined): Promise<PollResult<E>>;
}

interface TriggerBase<E extends Schema> {
  readonly title: string;
  readonly description: string;
  readonly scopes: readonly string[];
  /** The data of one event. */
  readonly event: E;
  /** The same for one change however it was seen, by webhook or by poll: two events with one key are one event. */
  eventKey(event: InferOutput<E>): string;
  /**
   * When it happened, ISO 8601. Polling that catches up stores what is older than the deployment's backfill window, but
   * starts no run for it; without this, everything it finds starts its runs.
   */
  occurredAt?(event: InferOutput<E>): string;
  readonly deprecated?: Deprecation;
}

export type Trigger<E extends Schema = Schema, Config = never, Scope extends string = string> = TriggerBase<E> & {
  readonly scopes: readonly Scope[];
  /** The connection's own: types `ctx.config` of `poll`. */
  readonly config?: Schema<Config>;
} & (
    | { readonly webhook: Webhook<InferInput<E>>; readonly polling?: Polling<InferInput<E>, Config> }
    | { readonly webhook?: Webhook<InferInput<E>>; readonly polling: Polling<InferInput<E>, Config> }
  );

/** A trigger of any event and config. */
export interface AnyTrigger<Scope extends string = string> {
  readonly title: string;
  readonly description: string;
  readonly scopes: readonly Scope[];
  readonly event: Schema;
  eventKey(event: never): string;
  occurredAt?(event: never): string;
  readonly deprecated?: Deprecation;
  readonly webhook?: WebhookReception & { parse(delivery: Delivery): readonly unknown[] | Promise<readonly unknown[]> };
  readonly polling?: {
    readonly intervalSeconds: number;
    readonly overlapSeconds: number;
    poll(ctx: never, cursor: string | undefined): Promise<PollResult<unknown>>;
  };
}

export function defineTrigger<E extends Schema, Config, const Scope extends string>(
  trigger: Trigger<E, Config, Scope>,
): Trigger<E, Config, Scope> {
  return trigger;
}
