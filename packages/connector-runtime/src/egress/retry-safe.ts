import { DelegateBackoff, handleWhenResult, type RetryPolicy, retry } from 'cockatiel';
import type { Clock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import type { RawResponse } from './exchange.ts';

const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export interface RetryOptions {
  /** After the first; 2 more. */
  readonly maxRetries: number;
  /** Doubled per retry, with jitter, when the answer names no time. */
  readonly baseDelayMs: number;
  /** A longer `Retry-After` is for the caller: the answer is given as it is. */
  readonly maxRetryAfterMs: number;
}

export const defaultRetry: RetryOptions = { maxRetries: 2, baseDelayMs: 200, maxRetryAfterMs: 10_000 };

/** Sends a safe request again when the server says that it may work later. Never used for a write. */
export function retrySafe(options: RetryOptions, clock: Clock): RetryPolicy {
  const delayOf = (response: RawResponse) => retryAfterMs(response.headers['retry-after'], clock.now());
  const isWorthIt = (result: unknown) => {
    const response = result as RawResponse;
    return RETRIED.has(response.status) && (delayOf(response) ?? 0) <= options.maxRetryAfterMs;
  };
  // A kept-alive connection that the server closed meanwhile is the usual reason.
  const hasFailed = (error: unknown) => error instanceof RuntimeError && error.code === 'EGRESS_FAILED';
  return retry(handleWhenResult(isWorthIt).orWhen(hasFailed), {
    maxAttempts: options.maxRetries,
    backoff: new DelegateBackoff(({ attempt, result }) => {
      const asked = 'value' in result ? delayOf(result.value as RawResponse) : undefined;
      return asked ?? options.baseDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
    }),
  });
}

/** `Retry-After` in milliseconds from now, seconds or a date (RFC 9110, 10.2.3); undefined when there is none to go by. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
