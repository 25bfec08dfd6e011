import type { Clock } from '../types/clock.ts';
import type { Log } from '../types/log.ts';
import type { PollClaims } from './poll-claims.ts';
import type { PollLease } from './poll-lease.ts';
import { type PollReport, pollTurn, type TurnBounds, type TurnPorts } from './poll-turn.ts';

export interface Poller {
  start(): void;
  /** One turn for this lease, now; undefined when it was cut short. Ends with `stop`. */
  turn(lease: PollLease, bounds: TurnBounds, by: string): Promise<PollReport | undefined>;
  /** Resolves when nothing that is due is left and nothing is under way. */
  drain(): Promise<void>;
  /** Claims nothing more, cancels what is being read, and gives its leases back. */
  stop(): Promise<void>;
}

/** How often timers make a node look; what is due is for the clock to say. */
const LOOK_MS = 1_000;
/** How long a new connection, or one that is ready again, may wait to be noticed. */
const REFRESH_MS = 5_000;
/** Turns at once on this node. */
const CONCURRENCY = 4;
const BOUNDS: TurnBounds = { maxPages: 25, maxMs: 30_000 };

/** Polls what is due. Every node does: whoever claims first polls, the others find it claimed. */
export function createPoller({
  claims,
  ports,
  clock,
  log,
}: {
  readonly claims: PollClaims;
  readonly ports: TurnPorts;
  readonly clock: Clock;
  readonly log: Log;
}): Poller {
  const underWay = new Set<Promise<unknown>>();
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let isWanted = false;
  let refreshAt = Number.NEGATIVE_INFINITY;

  async function lookOnce(): Promise<void> {
    if (clock.now() >= refreshAt) {
      await claims.refresh();
      refreshAt = clock.now() + REFRESH_MS;
    }
    while (underWay.size < CONCURRENCY && !stopping.signal.aborted) {
      const claimed = await claims.claimDue(CONCURRENCY - underWay.size);
      if (claimed.length === 0) return;
      for (const lease of claimed) void begin(lease, BOUNDS).then(look);
    }
  }

  async function lookWhileWanted(): Promise<void> {
    while (isWanted && !stopping.signal.aborted) {
      isWanted = false;
      await lookOnce();
    }
  }

  /** One at a time; what becomes due meanwhile makes it look again. */
  function look(): Promise<void> {
    isWanted = true;
    looking ??= lookWhileWanted()
      .catch((error: unknown) => log.warn('what is due to be polled could not be claimed; trying again', { error }))
      .finally(() => {
        looking = undefined;
      });
    return looking;
  }

  function begin(lease: PollLease, bounds: TurnBounds, by?: string): Promise<PollReport | undefined> {
    const turn = pollTurn(lease, ports, { bounds, signal: stopping.signal, ...(by === undefined ? {} : { by }) });
    underWay.add(turn);
    return turn.finally(() => underWay.delete(turn));
  }

  return {
    start() {
      timer ??= setInterval(() => void look(), LOOK_MS).unref();
      void look();
    },
    turn: begin,
    async drain() {
      refreshAt = Number.NEGATIVE_INFINITY;
      do {
        await Promise.all(underWay);
        await look();
      } while (underWay.size > 0);
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await looking;
      await Promise.all(underWay);
    },
  };
}
