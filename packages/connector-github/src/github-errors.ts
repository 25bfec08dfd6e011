import { ActionError } from '@org/connector-sdk';
import * as z from 'zod';

export interface RefusedAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  /** What GitHub says; only compared, never shown. */
  readonly message: string;
}

const body = z.object({ message: z.string() });

/** The vendor's own words in an error body; empty when there are none. */
export function readMessage(text: string): string {
  try {
    return body.parse(JSON.parse(text)).message;
  } catch {
    return '';
  }
}

/** The error behind an answer that is not what was asked for. All requests are reads, so a later attempt is always safe. */
export function failureOf(answer: RefusedAnswer, subject: string): ActionError {
  const { status } = answer;
  const details = { status, subject };
  const waitSeconds = readRateLimit(answer);
  if (waitSeconds !== undefined) {
    return new ActionError('GITHUB_RATE_LIMITED', `GitHub's rate limit turned ${subject} away: wait`, {
      kind: 'retryable',
      details: { ...details, retryAfterSeconds: waitSeconds },
    });
  }
  if (status === 401) {
    return new ActionError('GITHUB_UNAUTHORIZED', `GitHub refused the credential for ${subject}: check App and key`, {
      details,
    });
  }
  if (status === 403) {
    return new ActionError(
      'GITHUB_FORBIDDEN',
      `the App may not read ${subject}: grant it the permission and accept it`,
      {
        details,
      },
    );
  }
  if (status === 404) {
    return new ActionError(
      'GITHUB_NOT_FOUND',
      `${subject} does not exist or is not part of the installation: check the name and the App's repositories`,
      { details },
    );
  }
  if (status >= 500) {
    return new ActionError('GITHUB_UNAVAILABLE', `GitHub answered ${status} for ${subject}: try again later`, {
      kind: 'retryable',
      details,
    });
  }
  return new ActionError('GITHUB_REJECTED', `GitHub answered ${status} for ${subject}: check the request`, { details });
}

/**
 * How long to wait, in seconds, when this is a rate limit: primary and secondary limits come as 403 or 429. The order is the
 * vendor's: `retry-after`, else `x-ratelimit-reset` when nothing remains, else a minute.
 */
function readRateLimit({ status, headers, message }: RefusedAnswer): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const after = readCount(headers['retry-after']);
  const isExhausted = readCount(headers['x-ratelimit-remaining']) === 0;
  if (status === 403 && after === undefined && !isExhausted && !/rate limit|abuse detection/i.test(message))
    return undefined;
  if (after !== undefined) return after;
  const reset = readCount(headers['x-ratelimit-reset']);
  if (!isExhausted || reset === undefined) return 60;
  // By GitHub's own clock where it gives one: the reset is a moment on it.
  const stated = Date.parse(String(headers.date ?? ''));
  const now = Number.isNaN(stated) ? Date.now() : stated;
  return Math.max(1, Math.ceil(reset - now / 1000));
}

function readCount(value: string | number | undefined): number | undefined {
  const text = String(value ?? '');
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
