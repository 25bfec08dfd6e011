import { isConnectorError } from '@org/connector-sdk';
import type { Clock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import { isRefusal } from './host-failure.ts';

export interface CrashBackoff {
  /** @throws RuntimeError `HOST_RESTARTING` while the key's next start is not due, or again what refused to load it. */
  requireDue(key: string): void;
  /** The key's process ended by its own doing. */
  crashed(key: string, reason: Error): void;
  /** The key's process gave a good answer: all is forgiven. */
  succeeded(key: string): void;
}

interface Crashes {
  readonly count: number;
  readonly dueAt: number;
  readonly reason: Error;
}

const MAX_KEYS = 10_000;
/** A crash this long after the last one is a first one again. */
const FORGET_MS = 10 * 60_000;

/**
 * An artifact that crashes again and again must not start processes without end: the first restart is at once, further ones
 * wait, each twice as long as the one before.
 */
export function createCrashBackoff(options: {
  readonly clock: Clock;
  readonly restartMs: number;
  readonly maxRestartMs: number;
}): CrashBackoff {
  const { clock, restartMs, maxRestartMs } = options;
  // In order of the last crash.
  const crashes = new Map<string, Crashes>();

  function pauseAfter(count: number): number {
    return count < 2 ? 0 : Math.min(maxRestartMs, restartMs * 2 ** (count - 2));
  }

  return {
    requireDue(key) {
      const known = crashes.get(key);
      const waitMs = (known?.dueAt ?? 0) - clock.now();
      if (!known || waitMs <= 0) return;
      if (isConnectorError(known.reason) && isRefusal(known.reason.code)) throw known.reason;
      throw restarting(known, waitMs);
    },
    crashed(key, reason) {
      const now = clock.now();
      const before = crashes.get(key);
      const count = before && now - before.dueAt < FORGET_MS ? before.count + 1 : 1;
      crashes.delete(key);
      crashes.set(key, { count, dueAt: now + pauseAfter(count), reason });
      const [oldest] = crashes.keys();
      if (crashes.size > MAX_KEYS && oldest !== undefined) crashes.delete(oldest);
    },
    succeeded: (key) => void crashes.delete(key),
  };
}

function restarting({ count, dueAt, reason }: Crashes, waitMs: number): RuntimeError {
  const restartAt = new Date(dueAt).toISOString();
  return new RuntimeError(
    'HOST_RESTARTING',
    `The host process ended ${count} times in a row and is started again at ${restartAt}; the last time: ${reason.message}`,
    { details: { crashes: count, restartAt, retryAfterMs: waitMs }, cause: reason },
  );
}
