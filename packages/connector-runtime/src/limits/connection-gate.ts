import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import type { Priority } from '../types/priority.ts';
import { type CircuitView, createCircuit } from './circuit.ts';
import { createLeasedBudget, type LeasedBudget } from './leased-budget.ts';
import type { Departure, LimitedConnection, RateLedger, RateLimit, Timeline } from './ports.ts';
import { createWaitingRequests } from './waiting-requests.ts';

/** How long a request waits in memory; what takes longer is for its caller to come back for. */
const MAX_WAIT_MS = 2_000;
/** More do not wait, however short their wait is said to be: each is memory. */
const MAX_WAITING = 1_000;

export interface GatePorts {
  readonly ledger: RateLedger;
  readonly time: Timeline;
  readonly log: Log;
}

export interface GateView {
  /** Requests that are under way, and that wait. */
  readonly inUse: number;
  readonly waiting: number;
  readonly circuit: CircuitView;
}

type Signals = Pick<LeasedBudget, 'block' | 'blockedElsewhere' | 'shareAgain' | 'endLease'>;

/** One connection's requests on this node. */
export interface ConnectionGate extends Signals {
  /**
   * Calls `send` when the request may leave, once at most.
   *
   * @throws RuntimeError `RATE_LIMITED` | `CONNECTION_FAILING`, with `retryAfterMs` in the details: nothing left
   */
  pass<T extends { readonly status: number }>(
    departure: Departure,
    limit: RateLimit,
    send: () => Promise<T>,
  ): Promise<T>;
  view(): GateView;
  /** Nothing would be lost with it. */
  readonly isIdle: boolean;
  /** Refuses what waits and gives back what is leased. */
  stop(): Promise<void>;
}

export function createConnectionGate(connection: LimitedConnection, ports: GatePorts): ConnectionGate {
  const { time } = ports;
  const circuit = createCircuit(connection.id);
  const waiting = createWaitingRequests();
  const budget = createLeasedBudget(connection, { ...ports, onChange, onUnavailable: refuseAll });
  let limit: RateLimit = { requestsPerMinute: 1, concurrency: 1 };
  let isStopped = false;
  // Where the next run that is sent away is to come back: one after the other, at the pace of the budget.
  let returnAt = Number.NEGATIVE_INFINITY;

  function onChange(): void {
    while (waiting.size > 0 && budget.take()) waiting.take()?.leave();
    const now = time.now();
    let ahead = 0;
    for (const request of waiting.inOrder()) {
      const expectedAt = budget.expectedAt(ahead);
      if (expectedAt > request.latestAt) request.refuse(expectedAt - now);
      else ahead += 1;
    }
    budget.tend(waiting.size, limit);
  }

  function refuseAll(waitMs: number): void {
    for (const request of waiting.inOrder()) request.refuse(waitMs);
  }

  function limited(priority: Priority, waitMs: number): RuntimeError {
    const now = time.now();
    let retryAfterMs = Math.max(1, Math.ceil(waitMs));
    if (priority === 'run') {
      returnAt = Math.max(returnAt + budget.stepMs, now + retryAfterMs);
      retryAfterMs = Math.ceil(returnAt - now);
    }
    return new RuntimeError(
      'RATE_LIMITED',
      `connection ${connection.id} has used up what it may send: nothing was sent, try again in ${Math.ceil(retryAfterMs / 1000)} s`,
      { details: { connectionId: connection.id, retryAfterMs } },
    );
  }

  /** Resolves when the request may leave and is counted. */
  function turn({ priority, patienceMs, signal }: Departure): Promise<void> {
    const now = time.now();
    const patience = Math.min(patienceMs, MAX_WAIT_MS);
    const expectedMs = budget.expectedAt(waiting.aheadOf(priority)) - now;
    if (isStopped || signal.aborted || expectedMs > patience || waiting.size >= MAX_WAITING) {
      return Promise.reject(limited(priority, expectedMs));
    }
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        waiting.remove(request);
        signal.removeEventListener('abort', giveUp);
        callOff();
        end();
      };
      const request = {
        priority,
        latestAt: now + patience,
        leave: () => settle(resolve),
        refuse: (waitMs: number) => settle(() => reject(limited(priority, waitMs))),
      };
      const giveUp = () => request.refuse(Math.max(0, budget.expectedAt(waiting.aheadOf(priority)) - time.now()));
      const callOff = time.wake(request.latestAt, giveUp);
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.add(request);
      onChange();
    });
  }

  return {
    block: budget.block,
    blockedElsewhere: budget.blockedElsewhere,
    shareAgain: budget.shareAgain,
    endLease: budget.endLease,

    async pass(departure, asked, send) {
      limit = asked;
      circuit.check();
      await turn(departure);
      try {
        return await circuit.execute(send);
      } finally {
        budget.release();
        onChange();
      }
    },

    view: () => ({ inUse: budget.inUse, waiting: waiting.size, circuit: circuit.view() }),

    get isIdle() {
      return budget.isIdle && waiting.size === 0 && circuit.view().state === 'closed';
    },

    async stop() {
      isStopped = true;
      refuseAll(0);
      await budget.stop();
    },
  };
}
