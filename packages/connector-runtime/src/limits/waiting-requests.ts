import type { Priority } from '../types/priority.ts';

const ORDER: readonly Priority[] = ['interactive', 'run', 'background'];

/** Every so many departures belong to who has waited longest, whatever for: nobody waits only because others are more important. */
const FAIR_EVERY = 5;

export interface WaitingRequest {
  readonly priority: Priority;
  /** Of the timeline; it leaves by then or not at all. */
  readonly latestAt: number;
  /** It may leave now. */
  leave(): void;
  /** It cannot leave before `waitMs` more have passed. */
  refuse(waitMs: number): void;
}

/** Requests of one connection that wait for their turn. */
export interface WaitingRequests {
  readonly size: number;
  /** How many would leave before a new one of this priority. */
  aheadOf(priority: Priority): number;
  add(request: WaitingRequest): void;
  remove(request: WaitingRequest): void;
  /** The next to leave, which waits no longer. */
  take(): WaitingRequest | undefined;
  /** In the order in which they would leave. */
  inOrder(): readonly WaitingRequest[];
}

/** People first, then runs, then polling; within each, first come, first served. */
export function createWaitingRequests(): WaitingRequests {
  // A set keeps the order of arrival.
  const lanes = ORDER.map(() => new Set<WaitingRequest>());
  const arrivals = new Set<WaitingRequest>();
  let taken = 0;
  const laneOf = ({ priority }: Pick<WaitingRequest, 'priority'>) => lanes[ORDER.indexOf(priority)];

  function remove(request: WaitingRequest): void {
    laneOf(request)?.delete(request);
    arrivals.delete(request);
  }

  return {
    get size() {
      return arrivals.size;
    },
    aheadOf: (priority) => lanes.slice(0, ORDER.indexOf(priority) + 1).reduce((sum, { size }) => sum + size, 0),
    add(request) {
      laneOf(request)?.add(request);
      arrivals.add(request);
    },
    remove,
    take() {
      const isFair = taken % FAIR_EVERY === FAIR_EVERY - 1;
      const [next] = isFair ? arrivals : (lanes.find(({ size }) => size > 0) ?? []);
      if (next === undefined) return undefined;
      taken += 1;
      remove(next);
      return next;
    },
    inOrder: () => lanes.flatMap((lane) => [...lane]),
  };
}
