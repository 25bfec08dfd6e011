import type { LimitedConnection } from './job.ts';
import type { Arrival, Saas } from './saas.ts';

/** What left in time may arrive so much later on a busy machine. */
const IN_FLIGHT_MS = 1_000;
/** As documented: a node that did not hear of a block goes on until its lease ends. */
const LEASE_MS = 6_000;
/** A request that waited for another connection's limit would have waited for longer, or been refused. */
const UNDELAYED_MS = 1_500;
/** A machine that stands still for a moment delays some, for no limit's sake. */
const STALLED = 0.01;

type Seen = Pick<Saas, 'arrivals' | 'blocks'>;

/** The connection that is never limited. */
export interface Free {
  readonly id: string;
  /** Requests that the nodes refused to send. */
  readonly refused: number;
}

export interface Judgement {
  readonly violations: readonly string[];
  /** The longest after a block that another node went on. */
  readonly spreadMs: number;
}

/** Judges by what arrived, at the clock of the SaaS; the node that was told itself is judged where it sends. */
export function judge({ arrivals, blocks }: Seen, connections: readonly LimitedConnection[], free: Free): Judgement {
  const violations: string[] = [];
  let spreadMs = 0;
  for (const connection of connections) {
    const its = arrivals.filter((arrival) => arrival.connection === connection.id);
    for (const { from, until, kind, node } of blocks.filter((one) => one.connection === connection.id)) {
      for (const { at } of its.filter((one) => one.node !== node && one.at > from && one.at < until)) {
        spreadMs = Math.max(spreadMs, at - from);
        if (at > from + LEASE_MS + IN_FLIGHT_MS) violations.push(`${kind}: another node sent ${at - from} ms after it`);
      }
    }
    violations.push(...overRate(its, connection), ...overConcurrency(its, connection));
  }
  return { violations: [...violations, ...delayed(arrivals, free)], spreadMs };
}

/** As documented: a token bucket that holds a twentieth, and each token may be used as late as its lease ends. */
function overRate(arrivals: readonly Arrival[], { limit }: LimitedConnection): string[] {
  const rate = limit.requestsPerMinute;
  const burst = Math.max(1, Math.floor(rate / 20));
  const stepMs = (60_000 + LEASE_MS) / (rate + 1 - burst);
  const times = arrivals.map(({ at }) => at).sort((a, b) => a - b);
  const found: string[] = [];
  for (const [first, from] of times.entries()) {
    for (let last = first; last < times.length && (times[last] ?? 0) <= from + 60_000; last += 1) {
      const count = last - first + 1;
      const withinMs = (times[last] ?? 0) - from;
      if (count > burst + (withinMs + LEASE_MS + IN_FLIGHT_MS) / stepMs) {
        found.push(`${count} requests within ${withinMs} ms at ${rate} a minute`);
        break;
      }
    }
  }
  return found;
}

function overConcurrency(arrivals: readonly Arrival[], { limit }: LimitedConnection): string[] {
  return arrivals
    .filter(({ atOnce }) => atOnce > limit.concurrency)
    .map(({ atOnce }) => `${atOnce} requests at once where ${limit.concurrency} may be`);
}

function delayed(arrivals: readonly Arrival[], { id, refused }: Free): string[] {
  const its = arrivals.filter(({ connection }) => connection === id);
  const late = its.filter(({ at, calledAt }) => at - calledAt > UNDELAYED_MS).length + refused;
  return late > its.length * STALLED
    ? [`a connection without limits: ${late} of ${its.length} requests were delayed or refused`]
    : [];
}
