import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AnyWorkflow } from '../runs/define-workflow.ts';
import { sampleAction } from '../runs/test-manifest.ts';
import { type Bench, createBench } from '../test-run-bench.ts';
import type { Lookup } from '../types/connector-calls.ts';
import type { Attempt, Outcome } from '../types/run.ts';

type Act = { action(name: string, input: unknown): Promise<unknown> };

const error = { code: 'SAMPLE_FAILED', message: 'scripted' };
const applied: Outcome = { status: 'applied', output: { done: true }, http: [] };
const unknown: Outcome = { status: 'unknown', error, http: [] };
const refusedForNow: Outcome = { status: 'not-applied', error, retryable: true, retryAfterMs: 90_000, http: [] };

let bench: Bench;
let sent: Attempt[] = [];
let found: Lookup = { outcome: 'not-applied' };
let answer: (attempt: Attempt) => Promise<Outcome> = async () => applied;

beforeAll(async () => {
  bench = await createBench({
    actions: {
      read: sampleAction({ effect: 'read', idempotency: { mode: 'safe', resolve: false } }),
      natural: sampleAction(),
      findable: sampleAction({ idempotency: { mode: 'natural', settleSeconds: 300, resolve: true } }),
      marked: sampleAction({ idempotency: { mode: 'marker', settleSeconds: 10, resolve: true } }),
      none: sampleAction({ idempotency: { mode: 'none', resolve: false } }),
    },
    run: async (attempt) => {
      sent.push(attempt);
      return answer(attempt);
    },
    resolve: async () => found,
  });
});
afterEach(() => {
  sent = [];
  answer = async () => applied;
  bench.policyTexts.clear();
});
afterAll(async () => bench.close());

const flow = (action: string): AnyWorkflow => ({
  name: action,
  on: 'sample.changed',
  run: (async (context: Act) => context.action(`sample.${action}`, { value: 'x' })) as AnyWorkflow['run'],
});
const workflows = ['read', 'natural', 'findable', 'marked', 'none'].map(flow);

async function execute(runId: string) {
  await bench.createNode(workflows).executor.execute(runId);
  return stateOf(runId);
}

async function stateOf(runId: string) {
  const [run, [step]] = await Promise.all([bench.run(runId), bench.steps(runId)]);
  return { run: run.status, step: step?.status, dueAt: step?.due_at?.getTime(), attempts: step?.attempts };
}

describe('a refusal that may pass', () => {
  it('is tried again not before the SaaS allows it, five times at most', async () => {
    answer = async () => refusedForNow;
    const runId = await bench.seedRun('none');
    for (let attempt = 1; attempt < 5; attempt += 1) {
      const state = await execute(runId);
      expect(state).toMatchObject({ run: 'waiting', step: 'waiting', attempts: attempt });
      expect(state.dueAt).toBe(bench.clock.now() + 90_000);
      await execute(runId);
      expect(sent).toHaveLength(attempt);
      bench.clock.advance(90_000);
    }
    expect(await execute(runId)).toMatchObject({ run: 'failed', step: 'failed', attempts: 5 });
    expect(new Set(sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(sent.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
  });

  it('is no attempt when nothing left for want of budget: it waits for its turn as often as it has to', async () => {
    answer = async () => ({ ...refusedForNow, heldBack: true });
    const runId = await bench.seedRun('none');
    for (let turn = 0; turn < 7; turn += 1) {
      const state = await execute(runId);
      expect(state).toMatchObject({ run: 'waiting', step: 'waiting', attempts: 0 });
      expect(state.dueAt).toBe(bench.clock.now() + 90_000);
      bench.clock.advance(90_000);
    }
    answer = async () => applied;
    expect(await execute(runId)).toMatchObject({ run: 'completed', attempts: 1 });
    expect(new Set(sent.map(({ attempt }) => attempt))).toEqual(new Set([1]));
  });
});

describe('nodes that end with an attempt in hand', () => {
  /** A process that takes the run over, sends, and ends before the answer. */
  async function loseNode(runId: string) {
    const ended = Promise.withResolvers<void>();
    answer = () => {
      ended.resolve();
      return new Promise(() => undefined);
    };
    await Promise.race([ended.promise, bench.createNode(workflows).executor.execute(runId)]);
    bench.clock.advance(60_000);
  }

  it('use up none of the attempts that the SaaS is given', async () => {
    const runId = await bench.seedRun('natural');
    for (let loss = 0; loss < 7; loss += 1) await loseNode(runId);
    answer = async () => refusedForNow;
    for (let refusal = 0; refusal < 4; refusal += 1) {
      expect(await execute(runId)).toMatchObject({ run: 'waiting', step: 'waiting' });
      bench.clock.advance(90_000);
    }
    answer = async () => applied;
    expect(await execute(runId)).toMatchObject({ run: 'completed', attempts: 12 });
    expect(new Set(sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  it('give up no write that was looked for and never found', async () => {
    found = { outcome: 'unknown', reason: 'unreadable' };
    const runId = await bench.seedRun('findable');
    for (let loss = 0; loss < 7; loss += 1) await loseNode(runId);
    answer = async () => applied;
    expect(await execute(runId)).toMatchObject({ run: 'completed', attempts: 8 });
  });

  it.each([
    ['natural', { run: 'waiting', step: 'unknown', dueAt: undefined, attempts: 20 }],
    ['read', { run: 'failed', step: 'failed', attempts: 20 }],
  ])('are not given the same step for ever: %s', async (action, state) => {
    const runId = await bench.seedRun(action);
    for (let loss = 0; loss < 20; loss += 1) await loseNode(runId);
    expect(await execute(runId)).toMatchObject(state);
    expect(sent).toHaveLength(20);
  });
});

describe('a reply that was lost', () => {
  it('makes a read be read again', async () => {
    answer = async () => (sent.length === 1 ? unknown : applied);
    const runId = await bench.seedRun('read');
    expect(await execute(runId)).toMatchObject({ run: 'waiting', step: 'waiting' });
    bench.clock.advance(10_000);
    expect(await execute(runId)).toMatchObject({ run: 'completed', attempts: 2 });
  });

  it('makes a write that may be repeated be sent again under the same key', async () => {
    answer = async () => (sent.length === 1 ? unknown : applied);
    const runId = await bench.seedRun('natural');
    expect(await execute(runId)).toMatchObject({ run: 'waiting', step: 'unknown' });
    bench.clock.advance(10_000);
    expect(await execute(runId)).toMatchObject({ run: 'completed', attempts: 2 });
    expect(sent[0]?.idempotencyKey).toBe(sent[1]?.idempotencyKey);
    expect(sent[0]?.idempotencyKey).toMatch(/^[0-9a-z]{26}$/);
  });

  it.each<[Lookup, number]>([
    [{ outcome: 'applied', output: {} }, 1],
    [{ outcome: 'not-applied' }, 2],
    [{ outcome: 'unknown', reason: 'unreadable' }, 2],
  ])(
    'makes a write that may be repeated be looked for, and sent again only if it is not found: %j',
    async (seen, sends) => {
      found = seen;
      answer = async () => (sent.length === 1 ? unknown : applied);
      const runId = await bench.seedRun('findable');
      expect(await execute(runId)).toMatchObject({ run: 'waiting', step: 'unknown' });
      bench.clock.advance(10_000);
      expect(await execute(runId)).toMatchObject({ run: 'completed' });
      expect(sent).toHaveLength(sends);
    },
  );

  it('makes a write be looked for again soon where it could not be looked for, at growing distances and not for ever', async () => {
    answer = async () => unknown;
    found = { outcome: 'unknown', reason: 'RATE_LIMITED', retryAfterMs: 1_000 };
    const runId = await bench.seedRun('marked');
    const distances: number[] = [];
    for (let state = await execute(runId); state.dueAt !== undefined; state = await execute(runId)) {
      distances.push(state.dueAt - bench.clock.now());
      bench.clock.advance(state.dueAt - bench.clock.now());
    }
    expect(await stateOf(runId)).toMatchObject({ run: 'waiting', step: 'unknown', dueAt: undefined, attempts: 1 });
    expect(distances.length).toBeGreaterThan(8);
    expect(Math.min(...distances)).toBeGreaterThanOrEqual(1_000);
    const total = distances.reduce((sum, distance) => sum + distance, 0);
    expect(total).toBeGreaterThan(60 * 60_000);
  });

  it('is found as soon as it can be looked for', async () => {
    answer = async () => unknown;
    found = { outcome: 'unknown', reason: 'RATE_LIMITED', retryAfterMs: 1_000 };
    const runId = await bench.seedRun('marked');
    const { dueAt = 0 } = await execute(runId);
    bench.clock.advance(dueAt - bench.clock.now());
    const again = await execute(runId);
    expect((again.dueAt ?? 0) - bench.clock.now()).toBeLessThan(30_000);
    bench.clock.advance(30_000);
    found = { outcome: 'applied', output: { seen: true } };
    expect(await execute(runId)).toMatchObject({ run: 'completed', attempts: 1 });
  });

  it('leaves the write to a person when policy no longer lets it be repeated', async () => {
    answer = async () => unknown;
    const runId = await bench.seedRun('natural');
    await execute(runId);
    bench.policyTexts.set(bench.tenant.tenantId, { version: 1, text: 'forbid (principal, action, resource);' });
    bench.clock.advance(10_000);
    expect(await execute(runId)).toMatchObject({ run: 'waiting', step: 'unknown', attempts: 1 });
    bench.policyTexts.clear();
    expect(await execute(runId)).toMatchObject({ run: 'waiting', step: 'unknown' });
    expect(sent).toHaveLength(1);
  });
});

describe('pitfall 27: a paused process', () => {
  it('that slept between its intent and the send commits a fresh intent first', async () => {
    const runId = await bench.seedRun('natural');
    const realNow = bench.clock.now;
    let looks = 0;
    const node = bench.createNode(workflows, {
      async enabled(tenantId, connector) {
        // From here on: the intent's time, its audit entry's, and the look right before the send.
        bench.clock.now = () => {
          looks += 1;
          if (looks === 3) bench.clock.advance(60_000);
          return realNow();
        };
        return bench.createEnabled(tenantId, connector);
      },
    });
    await node.executor.execute(runId).finally(() => {
      bench.clock.now = realNow;
    });
    const state = await stateOf(runId);
    expect(state).toMatchObject({ run: 'completed', attempts: 1 });
    expect(sent).toHaveLength(1);
    const intents = (await bench.auditKinds(runId)).filter((kind) => kind === 'action.intended');
    expect(intents).toHaveLength(2);
  });

  it('that slept while the connector worked sends nothing of what it has lost, and an attempt in time asks nobody', async () => {
    const runId = await bench.seedRun('natural');
    const refusals: unknown[] = [];
    answer = async ({ attempt, beforeWrite }) => {
      if (attempt > 1) return applied;
      await beforeWrite?.();
      bench.clock.advance(60_000);
      await bench.createNode(workflows).executor.execute(runId);
      await beforeWrite?.().catch((refusal) => refusals.push(refusal));
      return applied;
    };
    await bench.createNode(workflows).executor.execute(runId);
    expect(refusals).toEqual([expect.objectContaining({ code: 'RUN_FENCED' })]);
    expect(await stateOf(runId)).toMatchObject({ run: 'completed', attempts: 2 });
  });

  it('that slept and has lost nothing goes on', async () => {
    const runId = await bench.seedRun('natural');
    answer = async ({ beforeWrite }) => {
      bench.clock.advance(6_000);
      await beforeWrite?.();
      return applied;
    };
    expect(await execute(runId)).toMatchObject({ run: 'completed', attempts: 1 });
  });

  it('can not journal a step while a takeover commits', async () => {
    const runId = await bench.seedRun('natural');
    const reached = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const node = bench.createNode([
      {
        ...flow('natural'),
        run: (async (context: Act & { step(key: string, work: () => Promise<unknown>): Promise<unknown> }) => {
          await context
            .step('pause', async () => {
              reached.resolve();
              await release.promise;
            })
            .catch(() => undefined);
        }) as AnyWorkflow['run'],
      },
    ]);
    const execution = node.executor.execute(runId);
    await reached.promise;
    await bench.db.transaction().execute(async (trx) => {
      await sql`update connector.runs set generation = generation + 1 where id = ${runId}`.execute(trx);
      release.resolve();
      await waitsForLock();
    });
    await execution;
    expect(await bench.steps(runId)).toEqual([]);
  });

  it('can not send while a takeover commits', async () => {
    const runId = await bench.seedRun('natural');
    const taken = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const node = bench.createNode(workflows, {
      enabled: async (tenantId, connector) => {
        asked.resolve();
        await taken.promise;
        return bench.createEnabled(tenantId, connector);
      },
    });
    const execution = node.executor.execute(runId);
    await asked.promise;
    await bench.db.transaction().execute(async (trx) => {
      await sql`update connector.runs set generation = generation + 1 where id = ${runId}`.execute(trx);
      taken.resolve();
      await waitsForLock();
    });
    await execution;
    expect(sent).toHaveLength(0);
    expect(await bench.auditKinds(runId)).toEqual(['run.started']);
  });

  /** Resolves when some statement waits for the row that this test holds. A statement that does not wait fails the test by time. */
  async function waitsForLock(): Promise<void> {
    for (;;) {
      const { rows } = await sql`select 1 from pg_locks where not granted and locktype = 'transactionid'`.execute(
        bench.db,
      );
      if (rows.length > 0) return;
    }
  }
});
