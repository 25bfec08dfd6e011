import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RuntimeError } from '../types/errors.ts';
import type { Priority } from '../types/priority.ts';
import { createPostgresRateLedger } from './postgres-rate-ledger.ts';
import { createLimitsBench, createSender, type LimitsBench } from './test-limits-bench.ts';

let bench: LimitsBench;
beforeAll(async () => {
  bench = await createLimitsBench();
});
afterAll(() => bench.close());

const limit = { requestsPerMinute: 60, concurrency: 2 };

async function oneNode(options: { hears?: boolean } = {}) {
  const world = bench.newWorld(options);
  const limits = await world.newNode();
  return { ...world, limits, connection: await bench.newConnection(), sender: createSender(limits, world.time.now) };
}

describe('a request', () => {
  it('leaves at once when there is budget, at the cost of one statement', async () => {
    const { time, counts, connection, sender } = await oneNode();
    void sender.send(connection, limit);
    await time.settle();
    expect(sender.sent).toMatchObject([{ at: 0 }]);
    expect(counts.statements).toBe(1);
  });

  it('that would wait for longer than it may does not leave, and is told when to come back', async () => {
    const { time, connection, sender } = await oneNode();
    for (let index = 0; index < 40; index += 1) void sender.send(connection, limit);
    await time.advance(60_000);
    expect(sender.sent.length).toBeLessThan(10);
    expect(sender.refused.length).toBe(40 - sender.sent.length);
    expect(new Set(sender.refused.map(({ code }) => code))).toEqual(new Set(['RATE_LIMITED']));
    // Runs come back one after the other, at the pace of the budget, and not all at once.
    const returns = sender.refused.map(({ retryAfterMs }) => retryAfterMs).sort((a, b) => a - b);
    for (const [index, at] of returns.slice(1).entries()) expect(at - (returns[index] ?? 0)).toBeGreaterThan(900);
  });

  it('that waits when its call ends does not leave', async () => {
    const { time, limits, connection } = await oneNode();
    limits.open(connection, limit, 'run').askedToWait(1_000);
    await time.settle();
    const ending = new AbortController();
    let left = false;
    const pass = limits
      .open(connection, limit, 'run')
      .pass({ patienceMs: 10_000, signal: ending.signal, begun: false }, async () => {
        left = true;
        return { status: 200, headers: {} };
      });
    ending.abort();
    await expect(pass).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await time.advance(5_000);
    expect(left).toBe(false);
  });

  it('of another connection waits for nothing', async () => {
    const { time, limits, connection, sender } = await oneNode();
    const other = await bench.newConnection();
    limits.open(connection, limit, 'run').askedToWait(60_000);
    for (let index = 0; index < 20; index += 1) void sender.send(connection, limit, { atOnce: false });
    void sender.send(other, limit);
    await time.settle();
    expect(sender.sent).toMatchObject([{ at: 0 }]);
  });

  it('does not leave while the budget cannot be leased', async () => {
    const { time, connection, sender } = await oneNode();
    await bench.database.asOwner('alter table connector.rate_leases rename to hidden');
    try {
      void sender.send(connection, limit);
      await time.settle();
      expect(sender.sent).toEqual([]);
      expect(sender.refused).toMatchObject([{ code: 'RATE_LIMITED', retryAfterMs: 1_000 }]);
    } finally {
      await bench.database.asOwner('alter table connector.hidden rename to rate_leases');
    }
    await time.advance(1_000);
    void sender.send(connection, limit);
    await time.settle();
    expect(sender.sent).toHaveLength(1);
  });
});

describe('statements', () => {
  it('are none while a connection is at rest, and a dozen a minute when it is busy', async () => {
    const { time, counts, connection, sender } = await oneNode();
    for (let second = 0; second < 60; second += 1) {
      void sender.send(connection, limit);
      void sender.send(connection, limit);
      await time.advance(1_000);
    }
    expect(sender.sent.length).toBeGreaterThan(45);
    expect(counts.statements).toBeLessThanOrEqual(16);
    await time.advance(10_000);
    const before = counts.statements;
    await time.advance(3_600_000);
    expect(counts.statements).toBe(before);
  });

  it('keep the slot of a request that takes long', async () => {
    const { time, counts, connection, sender } = await oneNode();
    void sender.send(connection, limit, { atOnce: false });
    await time.advance(60_000);
    expect(counts.statements).toBeLessThanOrEqual(14);
    const rows = await bench.db
      .selectFrom('connector.rate_leases')
      .select('slots')
      .where('connection_id', '=', connection.id)
      .execute();
    expect(rows).toMatchObject([{ slots: 2 }]);
  });
});

describe('the slot of a request that takes long', () => {
  const slotsOf = async (id: string) => {
    const rows = bench.db
      .selectFrom('connector.rate_leases')
      .select(['slots', 'expires_at'])
      .where('connection_id', '=', id);
    return rows.execute();
  };

  it('is kept though there is nothing to send for a minute', async () => {
    const { time, connection, sender } = await oneNode();
    const slow = { requestsPerMinute: 1, concurrency: 1 };
    void sender.send(connection, slow, { atOnce: false });
    await time.settle();
    void sender.send(connection, slow);
    await time.advance(30_000);
    const [lease] = await slotsOf(connection.id);
    expect(lease?.slots).toBe(1);
    expect(lease?.expires_at.getTime()).toBeGreaterThan(time.clock.now());
  });

  it('is asked for once a second at most while the ledger fails', async () => {
    const { time, counts, connection, sender } = await oneNode();
    void sender.send(connection, limit, { atOnce: false });
    await time.settle();
    await bench.database.asOwner('alter table connector.rate_leases rename to hidden');
    try {
      const before = counts.statements;
      void sender.send(connection, limit);
      await time.advance(10_000);
      sender.sent[0]?.answer();
      await time.advance(10_000);
      expect(counts.statements - before).toBeLessThanOrEqual(11);
    } finally {
      await bench.database.asOwner('alter table connector.hidden rename to rate_leases');
    }
  });
});

describe('what the SaaS says', () => {
  it.each([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '30' } }, 30_000],
    [
      'GitHub’s 403 without a time left',
      { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '45' } },
      45_000,
    ],
    [
      'a success after which nothing remains',
      { status: 200, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '12' } },
      12_000,
    ],
    ['503 with Retry-After', { status: 503, headers: { 'retry-after': '20' } }, 20_000],
  ])('holds back every later request: %s', async (_, head, forMs) => {
    const { time, connection, sender } = await oneNode();
    void sender.send(connection, limit, { atOnce: false });
    await time.settle();
    await time.advance(500);
    sender.sent[0]?.answer(head);
    await time.settle();
    void sender.send(connection, limit);
    await time.advance(forMs - 1_001);
    expect(sender.sent).toHaveLength(1);
    expect(sender.refused[0]?.retryAfterMs).toBe(forMs);
    void sender.send(connection, limit);
    await time.advance(1_000);
    expect(sender.sent).toHaveLength(1);
    await time.advance(1_000);
    expect(sender.sent.map(({ at }) => at)).toEqual([0, 500 + forMs]);
  });

  it('holds back other nodes as soon as they hear of it', async () => {
    const { time, until, newNode, connection, sender } = await oneNode();
    const other = await newNode();
    const there = createSender(other, time.now);
    void there.send(connection, limit);
    void sender.send(connection, { ...limit, concurrency: 4 }, { atOnce: false });
    await until(() => sender.sent.length === 1);
    sender.sent[0]?.answer({ status: 429, headers: { 'retry-after': '60' } });
    await time.settle();
    await until(() => {
      void there.send(connection, limit);
      return there.refused.length > 0;
    }, 1_000);
    expect(there.refused[0]?.code).toBe('RATE_LIMITED');
    expect(there.refused[0]?.retryAfterMs).toBeGreaterThan(55_000);
  });

  it('holds back a node that hears nothing once its lease ends, six seconds later at most', async () => {
    const { time, newNode, limits, connection } = await oneNode({ hears: false });
    const there = createSender(await newNode(), time.now);
    const wide = { requestsPerMinute: 600, concurrency: 8 };
    for (let step = 0; step < 33; step += 1) {
      void there.send(connection, wide);
      await time.advance(200);
    }
    const blockedAt = time.now();
    limits.open(connection, wide, 'run').askedToWait(60_000);
    for (let step = 0; step < 100; step += 1) {
      void there.send(connection, wide);
      await time.advance(200);
    }
    expect(there.sent.filter(({ at }) => at > blockedAt)).not.toEqual([]);
    expect(there.sent.filter(({ at }) => at > blockedAt + 6_000)).toEqual([]);
  });

  it('outlasts the node that heard it', async () => {
    const { time, newNode, limits, connection, sender } = await oneNode();
    void sender.send(connection, limit, { atOnce: false });
    await time.settle();
    sender.sent[0]?.answer({ status: 429, headers: { 'retry-after': '60' } });
    await time.settle();
    await limits.stop();
    const after = createSender(await newNode(), time.now);
    void after.send(connection, limit);
    await time.settle();
    expect(after.sent).toEqual([]);
    expect(after.refused).toMatchObject([{ code: 'RATE_LIMITED', retryAfterMs: 60_000 }]);
  });

  it('is heard from connector code as well', async () => {
    const { time, limits, connection, sender } = await oneNode();
    limits.open(connection, limit, 'run').askedToWait(60_000);
    void sender.send(connection, limit);
    await time.settle();
    expect(sender.refused).toMatchObject([{ code: 'RATE_LIMITED', retryAfterMs: 60_000 }]);
  });
});

describe('turns', () => {
  it('go to people before runs, and to runs before polling, and yet nobody starves', async () => {
    const { time, connection, limits } = await oneNode();
    const order: Priority[] = [];
    const wide = { requestsPerMinute: 6_000, concurrency: 1 };
    const send = (priority: Priority) =>
      void limits
        .open(connection, wide, priority)
        .pass({ patienceMs: 60_000, signal: new AbortController().signal, begun: false }, async () => {
          order.push(priority);
          return { status: 200, headers: {} };
        });
    limits.open(connection, wide, 'run').askedToWait(1_000);
    await time.settle();
    for (const priority of ['background', 'run', 'interactive'] as const) for (let n = 0; n < 3; n += 1) send(priority);
    await time.advance(3_000);
    expect(order).toEqual([
      ...['interactive', 'interactive', 'interactive', 'run', 'background', 'run', 'run', 'background', 'background'],
    ]);
  });

  it('are shared with a node that comes later, though the first has everything in hand', async () => {
    const { time, until, newNode, connection, sender } = await oneNode();
    const there = createSender(await newNode(), time.now);
    void sender.send(connection, limit);
    await time.settle();
    void there.send(connection, limit);
    await until(() => there.sent.length + there.refused.length > 0, 2_000);
    expect(there.refused).toEqual([]);
    expect(there.sent[0]?.at).toBeLessThan(1_000);
  });

  it('are free again when a node stops', async () => {
    const { time, newNode, limits, connection, sender } = await oneNode({ hears: false });
    for (let index = 0; index < 2; index += 1) void sender.send(connection, limit);
    await time.settle();
    await limits.stop();
    const after = createSender(await newNode(), time.now);
    void after.send(connection, limit);
    await time.advance(5);
    expect(after.sent).toHaveLength(1);
  });
});

describe('a SaaS that fails', () => {
  it.each<[string, (sent: { answer(head: object): void; fail(error: Error): void }) => void, string]>([
    ['500', (sent) => sent.answer({ status: 500 }), 'status 500'],
    ['broken connections', (sent) => sent.fail(new RuntimeError('EGRESS_FAILED', 'x')), 'EGRESS_FAILED'],
    ['timeouts', (sent) => sent.fail(new RuntimeError('EGRESS_TIMEOUT', 'x')), 'EGRESS_TIMEOUT'],
  ])('is left alone after five in a row: %s', async (_, fail, reason) => {
    const { time, limits, connection, sender } = await oneNode();
    const wide = { requestsPerMinute: 600, concurrency: 10 };
    for (let index = 0; index < 5; index += 1) {
      const ended = sender.send(connection, wide, { atOnce: false });
      await time.settle();
      const last = sender.sent.at(-1);
      if (last) fail(last);
      await ended;
    }
    sender.refused.length = 0;
    await sender.send(connection, wide);
    expect(sender.sent).toHaveLength(5);
    expect(sender.refused).toMatchObject([{ code: 'CONNECTION_FAILING' }]);
    expect(limits.view(connection.id)?.circuit).toMatchObject({ state: 'open', reason });
    await sender.send(await bench.newConnection(), wide);
    expect(sender.sent).toHaveLength(6);
  });

  it('is asked once when the pause is over, and again by all when it answers', async () => {
    const { time, limits, connection, sender } = await oneNode();
    const wide = { requestsPerMinute: 600, concurrency: 10 };
    for (let index = 0; index < 5; index += 1) {
      const ended = sender.send(connection, wide, { atOnce: false });
      await time.settle();
      sender.sent.at(-1)?.answer({ status: 500 });
      await ended;
    }
    // The policy reads the system's clock.
    const { now } = Date;
    Date.now = () => now() + 10_001;
    try {
      const probe = sender.send(connection, wide, { atOnce: false });
      await time.settle();
      await sender.send(connection, wide);
      expect(sender.sent).toHaveLength(6);
      sender.sent.at(-1)?.answer();
      await probe;
      await sender.send(connection, wide);
      expect(sender.sent).toHaveLength(7);
      expect(limits.view(connection.id)?.circuit.state).toBe('closed');
    } finally {
      Date.now = now;
    }
  });
});

describe('the ledger', () => {
  it('takes back only what was granted last', async () => {
    const connection = await bench.newConnection();
    const clock = { now: () => 1_800_000_000_000 };
    const [a, b] = [crypto.randomUUID(), crypto.randomUUID()].map((nodeId) =>
      createPostgresRateLedger({ db: bench.db, nodeId, clock }),
    );
    const ask = { connection, limit, tokens: 2, slots: 1, slotsInUse: 0, unusedTokens: 0, lastTurn: '-1' };
    const first = await a?.lease(ask);
    const second = await b?.lease(ask);
    const late = await a?.lease({ ...ask, tokens: 0, unusedTokens: 2, lastTurn: first?.turn ?? '' });
    expect(late?.firstInMs).toBeCloseTo((second?.firstInMs ?? 0) + 2 * (second?.stepMs ?? 0), 1);
    const inTime = await b?.lease({ ...ask, tokens: 0, unusedTokens: 2, lastTurn: second?.turn ?? '' });
    expect(inTime?.firstInMs).toBeCloseTo(second?.firstInMs ?? 0, 1);
  });

  it('keeps a tenant’s budget from a session of another', async () => {
    const connection = await bench.newConnection();
    const { store } = bench.database;
    const foreign = store.withTenant(crypto.randomUUID(), async (db) => {
      const ledger = createPostgresRateLedger({ db, nodeId: crypto.randomUUID() });
      return ledger.lease({ connection, limit, tokens: 1, slots: 1, slotsInUse: 0, unusedTokens: 0, lastTurn: '-1' });
    });
    await expect(foreign).rejects.toThrow();
  });
});
