import { DelegateBackoff, handleWhenResult, type RetryPolicy, retry } from 'cockatiel';
import type { Clock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import { retryAfterMs } from '../types/retry-after.ts';
import type { RawResponse } from './exchange.ts';

const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export interface RetryOptions {
  /** After the first; 2 more. */
  readonly maxRetries: number;
  /** The longest pause before the first; doubled per retry, and any part of it (full jitter) when the answer names no time. */
  readonly baseDelayMs: number;
  /** A longer `Retry-After` is for the caller: the answer is given as it is. */
  readonly maxRetryAfterMs: number;
}

export const defaultRetry: RetryOptions = { maxRetries: 2, baseDelayMs: 200, maxRetryAfterMs: 10_000 };

/**
 * Sends a request again when the server says that it may work later, or the connection broke. Only for what may be sent twice;
 * `random` spreads the retries: `[0, 1)`.
 */
export function retrySafe(options: RetryOptions, clock: Clock, random: () => number): RetryPolicy {
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
      return asked ?? options.baseDelayMs * 2 ** (attempt - 1) * random();
    }),
  });
}
