import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Limits } from './limits.ts';
import type { LimitedConnection, RateLimit } from './ports.ts';
import { createLimitsBench, createSender, type LimitsBench, type Sent } from './test-limits-bench.ts';

let bench: LimitsBench;
beforeAll(async () => {
  bench = await createLimitsBench();
});
afterAll(() => bench.close());

interface Flight {
  readonly sent: Sent;
  endedAt: number;
}

/** What a SaaS sees: no minute with more than the rate, and never more at once than the concurrency. */
function excesses(flights: readonly Flight[], { requestsPerMinute, concurrency }: RateLimit): string[] {
  const starts = flights.map(({ sent }) => sent.at).sort((a, b) => a - b);
  const found: string[] = [];
  for (const [index, at] of starts.entries()) {
    const inMinute = starts.slice(index).filter((other) => other < at + 60_000).length;
    if (inMinute > requestsPerMinute) found.push(`${inMinute} within a minute from ${at}`);
    const atOnce = flights.filter(({ sent, endedAt }) => sent.at <= at && endedAt > at).length;
    if (atOnce > concurrency) found.push(`${atOnce} at once at ${at}`);
  }
  return found;
}

/** One node under a load, with its flights. */
function createLoad(limits: Limits, now: () => number) {
  const sender = createSender(limits, now);
  const flights: Flight[] = [];
  const collect = () => {
    for (const sent of sender.sent.slice(flights.length)) flights.push({ sent, endedAt: Number.POSITIVE_INFINITY });
  };
  return {
    flights,
    collect,
    send(count: number, connection: LimitedConnection, limit: RateLimit) {
      for (let index = 0; index < count; index += 1) void sender.send(connection, limit, { atOnce: false });
    },
    answer(count: number) {
      collect();
      for (const flight of flights.filter(({ endedAt }) => endedAt === Number.POSITIVE_INFINITY).slice(0, count)) {
        flight.endedAt = now();
        flight.sent.answer();
      }
    },
    /** Its process is gone, and its sockets with it. */
    die() {
      collect();
      for (const flight of flights) flight.endedAt = Math.min(flight.endedAt, now());
    },
  };
}

/** Load on all nodes, unevenly, for a while; some answers come, some stay out. */
const busy = fc.record({
  kind: fc.constant('busy'),
  node: fc.nat(3),
  count: fc.integer({ min: 1, max: 12 }),
  ms: fc.integer({ min: 1, max: 6_500 }),
});
const step = fc.oneof(
  { weight: 20, arbitrary: busy },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance'), ms: fc.integer({ min: 1, max: 20_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gap'), node: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die'), node: fc.nat(3) }) },
);
type Step = { kind: string; node?: number; count?: number; ms?: number };

async function play(
  nodes: number,
  limit: RateLimit,
  steps: readonly Step[],
  connections: readonly LimitedConnection[],
) {
  const world = bench.newWorld({ hears: false });
  const now = () => world.time.now();
  const loads: { limits: Limits; load: ReturnType<typeof createLoad> }[] = [];
  const flights: Flight[] = [];
  const start = async () => {
    const limits = await world.newNode();
    return { limits, load: createLoad(limits, now) };
  };
  for (let index = 0; index < nodes; index += 1) loads.push(await start());
  for (const { kind, node = 0, count = 0, ms = 0 } of steps) {
    const index = node % nodes;
    const at = loads[index];
    const connection = connections[index % connections.length];
    if (at === undefined || connection === undefined) continue;
    if (kind === 'busy') {
      at.load.send(count, connection, limit);
      loads[(index + 1) % nodes]?.load.send(1, connections[(index + 1) % connections.length] ?? connection, limit);
      await world.time.advance(ms / 2);
      for (const { load } of loads) load.answer(count);
      await world.time.advance(ms / 2);
    }
    if (kind === 'gap') at.limits.onGap();
    if (kind === 'advance') await world.time.advance(ms);
    if (kind === 'die') {
      at.load.die();
      flights.push(...at.load.flights);
      // It still has timers in this process; what a dead one would have sent is not counted, what it leased is.
      loads[index] = await start();
    }
    await world.time.settle();
  }
  for (const { load } of loads) {
    load.collect();
    flights.push(...load.flights);
  }
  return { flights, perNode: loads.map(({ load }) => load.flights.length), excesses: excesses(flights, limit) };
}

describe('the budget of a connection', () => {
  it('is never exceeded by all nodes together, however they ask, send, die and come back', {
    timeout: 300_000,
  }, async () => {
    const limits = fc.record({
      requestsPerMinute: fc.integer({ min: 1, max: 40 }),
      concurrency: fc.integer({ min: 1, max: 12 }),
    });
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        limits,
        fc.array(step, { minLength: 20, maxLength: 60 }),
        async (nodes, limit, steps) => {
          const { flights, excesses: found } = await play(nodes, limit, steps, [await bench.newConnection()]);
          sent += flights.length;
          expect(found).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
    expect(sent).toBeGreaterThan(100);
  });

  it('would be, if each node had a budget of its own', async () => {
    const limit = { requestsPerMinute: 30, concurrency: 4 };
    const steps = Array.from({ length: 40 }, (_, node) => ({ kind: 'busy', node, count: 3, ms: 1_500 }));
    const connections = [await bench.newConnection(), await bench.newConnection()];
    expect((await play(2, limit, steps, connections)).excesses).not.toEqual([]);
    expect((await play(2, limit, steps, connections.slice(0, 1))).excesses).toEqual([]);
  });

  it('is used to at least three quarters by one node, and by two, that always have something to send', async () => {
    const limit = { requestsPerMinute: 60, concurrency: 4 };
    const steps = Array.from({ length: 300 }, (_, node) => ({ kind: 'busy', node, count: 2, ms: 400 }));
    for (const nodes of [1, 2]) {
      const { flights, perNode } = await play(nodes, limit, steps, [await bench.newConnection()]);
      expect(flights.length).toBeGreaterThan(2 * 45);
      for (const count of perNode) expect(count).toBeGreaterThan(flights.length / nodes / 2);
    }
  });
});
