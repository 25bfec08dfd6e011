import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { PollClaims, PollPair } from './poll-claims.ts';
import { findPair } from './poll-list.ts';
import type { PollReport, TurnBounds } from './poll-turn.ts';
import type { Poller } from './poller.ts';

/** Longer than a turn that nobody waits for, shorter than who asks waits for the answer. */
const BOUNDS: TurnBounds = { maxPages: 200, maxMs: 25_000 };

export type Reconcile = (pair: PollPair, by: string) => Promise<PollReport>;

/**
 * Polls now, due or not, and says what it found.
 *
 * @throws RuntimeError `TRIGGER_UNKNOWN` | `CONNECTION_UNKNOWN` | `CONNECTION_DISABLED` | `CONNECTION_REAUTH_REQUIRED` |
 * `POLL_TOO_SOON` | `POLL_UNDER_WAY` | `RUNTIME_STOPPED`
 */
export function createReconcile({
  db,
  claims,
  poller,
  triggers,
  connections,
  clock,
}: {
  readonly db: Db;
  readonly claims: PollClaims;
  readonly poller: Pick<Poller, 'turn'>;
  readonly triggers: readonly string[];
  /** Throws `CONNECTION_UNKNOWN`, also for another tenant's. */
  readonly connections: { connection(tenantId: string, connectionId: string): Promise<unknown> };
  readonly clock: Clock;
}): Reconcile {
  async function requirePollable(pair: PollPair): Promise<void> {
    const { tenantId, connectionId, trigger } = pair;
    await connections.connection(tenantId, connectionId);
    if (!triggers.includes(trigger)) {
      throw new RuntimeError('TRIGGER_UNKNOWN', `no workflow here starts on ${trigger}; register one`);
    }
    const found = await findPair(db, pair);
    if (found && found.connectionStatus !== 'ready') {
      const code = found.connectionStatus === 'disabled' ? 'CONNECTION_DISABLED' : 'CONNECTION_REAUTH_REQUIRED';
      throw new RuntimeError(
        code,
        `connection ${connectionId} can't be used: ask for its state, which says what to do`,
      );
    }
    if (!found?.polls) {
      throw new RuntimeError('TRIGGER_UNKNOWN', `connection ${connectionId} has no ${trigger} that polls`);
    }
    if (found.notBefore !== null && found.notBefore.getTime() > clock.now()) {
      const at = found.notBefore.toISOString();
      throw new RuntimeError('POLL_TOO_SOON', `the provider asked to be left alone; try again after ${at}`, {
        details: { notBefore: at },
      });
    }
  }

  return async (pair, by) => {
    await claims.refresh();
    await requirePollable(pair);
    const lease = await claims.claimOne(pair, by);
    if (!lease) {
      const message = `${pair.trigger} of connection ${pair.connectionId} is being polled at this moment; try again in a while`;
      throw new RuntimeError('POLL_UNDER_WAY', message);
    }
    const report = await poller.turn(lease, BOUNDS, by);
    if (report) return report;
    throw new RuntimeError('RUNTIME_STOPPED', 'the poll was cut short: this node stops, or was too slow; ask again');
  };
}
