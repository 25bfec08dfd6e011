/** Between which limits a trigger is polled. */
export interface PaceLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

export interface Pace {
  readonly intervalMs: number;
  /** In a row. */
  readonly failures: number;
}

/**
 * How a turn ended. `busy`: it found what no webhook had brought, or where to start from. `quiet`: nothing that was not known.
 * `unfinished`: there is more to read than one turn reads. `failed`: it could not be read.
 */
export type TurnEnd =
  | { readonly kind: 'busy' | 'quiet' | 'unfinished' }
  | { readonly kind: 'failed'; readonly retryAfterMs?: number | undefined };

export interface NextTurn extends Pace {
  readonly waitMs: number;
}

const SLOWER = 1.5;
const SLOWEST = 4;
const JITTER = 0.1;
const FIRST_RETRY_MS = 5_000;
const LEAST_WAIT_MS = 1_000;

/** The interval that the manifest (or the deployment) names is the fastest; a quiet one gets up to four times slower, not beyond `ceilingMs`. */
export function paceLimits(intervalSeconds: number, ceilingMs: number): PaceLimits {
  const minMs = Math.round(intervalSeconds * 1000);
  return { minMs, maxMs: Math.max(minMs, Math.min(minMs * SLOWEST, ceilingMs)) };
}

/** When to poll next. `random` gives numbers from 0 up to 1, so that connections made together do not stay together. */
export function nextTurn(before: Pace, end: TurnEnd, { minMs, maxMs }: PaceLimits, random: () => number): NextTurn {
  const kept = Math.min(Math.max(before.intervalMs, minMs), maxMs);
  if (end.kind === 'failed') {
    const failures = before.failures + 1;
    const ceiling = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20), maxMs);
    const waitMs = Math.max(LEAST_WAIT_MS, random() * ceiling);
    const asked = end.retryAfterMs === undefined ? 0 : end.retryAfterMs + random() * LEAST_WAIT_MS;
    return { intervalMs: kept, failures, waitMs: Math.round(Math.max(waitMs, asked)) };
  }
  if (end.kind === 'unfinished') return { intervalMs: minMs, failures: 0, waitMs: 0 };
  const intervalMs = end.kind === 'busy' ? minMs : Math.round(Math.min(kept * SLOWER, maxMs));
  return { intervalMs, failures: 0, waitMs: Math.round(intervalMs * (1 - JITTER + 2 * JITTER * random())) };
}
