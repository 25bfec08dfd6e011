import type { RateBlock } from '../types/rate-block.ts';
import { retryAfterMs } from '../types/retry-after.ts';
import type { AnswerHead } from './ports.ts';

/** A day: what asks for more is wrong about its own clock, or means to stop us. */
export const MAX_BLOCK_MS = 24 * 3600 * 1000;

/** GitHub asks for at least a minute after a limit that names no time; nobody else says anything else. */
const UNSAID_MS = 60_000;

/** That nothing may leave for so long, from the moment the answer came. */
export interface Pause extends RateBlock {
  readonly forMs: number;
}

/**
 * What an answer says about when the next request may leave, in the headers that vendors share: `Retry-After` with 429, 503 and
 * GitHub's 403, and `X-RateLimit-Remaining: 0` with `X-RateLimit-Reset` on any answer. Undefined: nothing against the next one.
 *
 * `now`: our clock, for answers without a `Date`. With one, times are read by the clock of whoever wrote them.
 */
export function readAnswer({ status, headers }: AnswerHead, now: number): Pause | undefined {
  const stated = Date.parse(headers.date ?? '');
  const theirNow = Number.isNaN(stated) ? now : stated;
  const asked = isTurnedAway(status) ? retryAfterMs(headers['retry-after'], theirNow) : undefined;
  const forMs = asked ?? untilReset(headers, theirNow) ?? (status === 429 ? UNSAID_MS : undefined);
  if (forMs === undefined) return undefined;
  const rule = ruleOf(headers);
  return { forMs: Math.min(forMs, MAX_BLOCK_MS), status, ...(rule !== undefined && { rule }) };
}

/** GitHub's secondary limits come as 403 too. */
function isTurnedAway(status: number): boolean {
  return status === 429 || status === 503 || status === 403;
}

function untilReset(headers: AnswerHead['headers'], theirNow: number): number | undefined {
  if (headers['x-ratelimit-remaining']?.trim() !== '0') return undefined;
  const text = headers['x-ratelimit-reset']?.trim() ?? '';
  if (!/^\d{1,13}$/.test(text)) return undefined;
  const reset = Number(text);
  // Most name a moment, in seconds or milliseconds since 1970; some the seconds until it.
  if (reset >= 1e12) return Math.max(0, reset - theirNow);
  if (reset >= 1e9) return Math.max(0, reset * 1000 - theirNow);
  return reset * 1000;
}

/** ServiceNow names its rule, GitHub the resource. Shown to administrators; whom else it binds only the vendor knows. */
function ruleOf(headers: AnswerHead['headers']): string | undefined {
  const name = headers['x-ratelimit-rule'] ?? headers['x-ratelimit-resource'];
  return name !== undefined && /^[\x20-\x7e]{1,100}$/.test(name) ? name : undefined;
}
