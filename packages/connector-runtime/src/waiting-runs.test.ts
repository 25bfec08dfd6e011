import { v7 } from 'uuid';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { insertEvents } from './events/index.ts';
import { createRunControl } from './runs/index.ts';
import { type Flow, flowOf } from './runs/test-flow.ts';
import { type Bench, createBench } from './test-run-bench.ts';

const REPLIED = 'sample.replied';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
afterEach(() => {
  bench.clock.advance(86_400_000);
  while (bench.queue.take() !== undefined);
});
afterAll(async () => bench.close());

interface Place {
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly sampleId: string;
}

/** Stores events as a delivery does, and sends their jobs; `before` runs before the commit. */
async function store(
  events: readonly unknown[],
  place: Place = bench.tenant,
  before: () => Promise<unknown> = async () => undefined,
  tooOld = false,
): Promise<readonly string[]> {
  const { tenantId, workspaceId, sampleId: connectionId } = place;
  const source = {
    tenantId,
    workspaceId,
    connectionId,
    trigger: REPLIED,
    tooOld,
    deliveryId: null,
    receivedAt: bench.clock.now(),
  };
  const parsed = events.map((data) => ({ eventKey: v7(), data }));
  return bench.db.transaction().execute(async (trx) => {
    const { runs } = await insertEvents(trx, source, parsed, [], bench.clock.now());
    await bench.queue.send(
      trx,
      runs.map((runId) => ({ queue: 'run', runId })),
    );
    await before();
    return runs;
  });
}

const reply: Flow = async ({ waitFor }) => (await waitFor(REPLIED)).data;
const replyTo =
  (ticket: unknown, since: 'now' | 'start' = 'now'): Flow =>
  async ({ waitFor }) =>
    (await waitFor(REPLIED, { match: { ticket }, since })).data;

const node = (flow: Flow) => bench.createNode([flowOf(flow)]);

async function parked(flow: Flow): Promise<string> {
  const runId = await bench.seedRun('flow');
  await node(flow).executor.execute(runId);
  return runId;
}

const waits = (runId: string) =>
  bench.db.selectFrom('connector.event_waits').selectAll().where('run_id', '=', runId).execute();
const result = async (runId: string, flow: Flow) => {
  await bench.pump(node(flow));
  const { status, result, error } = await bench.run(runId);
  return status === 'completed' ? result : { status, error };
};

describe('a run that waits for an event', () => {
  it('is rows until the event is stored, and then has it', async () => {
    const runId = await parked(reply);
    expect(await bench.run(runId)).toMatchObject({ status: 'waiting' });
    expect(await waits(runId)).toMatchObject([{ trigger: REPLIED, match: {} }]);
    expect(await store([{ text: 'odd \u0000', n: 1 }])).toEqual([runId]);
    expect(await waits(runId)).toEqual([]);
    expect(await result(runId, reply)).toEqual({ text: 'odd \u0000', n: 1 });
  });

  it('is not woken by what happened too long ago', async () => {
    const runId = await parked(reply);
    expect(await store([{ n: 1 }], bench.tenant, async () => undefined, true)).toEqual([]);
    expect(await store([{ n: 2 }])).toEqual([runId]);
    expect(await result(runId, reply)).toEqual({ n: 2 });
  });

  it('is woken only by what it asks for', async () => {
    const runId = await parked(replyTo('A'));
    const others = [{ ticket: 'B' }, { ticket: ['A'] }, { ticket: null }, {}, 'A', null, { ticket: { A: 1 } }];
    expect(await store(others)).toEqual([]);
    expect(await store([{ ticket: 'B' }, { ticket: 'A', n: 1 }, { ticket: 'A', n: 2 }])).toEqual([runId]);
    expect(await result(runId, replyTo('A'))).toEqual({ ticket: 'A', n: 1 });
  });

  it.each([['A'], [7], [7.5], [true], [null], ['ä\ud83d\ude00']])('compares %j for what it is', async (value) => {
    const runId = await parked(replyTo(value));
    expect(await store([{ ticket: String(value), other: value }].filter(({ ticket }) => ticket !== value))).toEqual([]);
    expect(await store([{ ticket: value }])).toEqual([runId]);
  });

  it('does not get an event of another workspace, tenant or trigger', async () => {
    const runId = await parked(reply);
    expect(await store([{}], await bench.seedTenant(v7()))).toEqual([]);
    const workspaceId = v7();
    const { tenantId } = bench.tenant;
    await bench.db
      .insertInto('connector.workspaces')
      .values({ id: workspaceId, tenant_id: tenantId, name: v7() })
      .execute();
    expect(await store([{}], { ...bench.tenant, workspaceId })).toEqual([]);
    expect(await store([{}])).toEqual([runId]);
  });

  it('shares an event with other runs, but gets one for each of its waits', async () => {
    const twice: Flow = async ({ waitFor }) => {
      const both = await Promise.all([waitFor(REPLIED, { key: 'one' }), waitFor(REPLIED, { key: 'two' })]);
      const next = await waitFor(REPLIED, { key: 'three', since: 'start' });
      return [...both, next].map(({ data }) => (data as { n: number }).n);
    };
    const [first, second] = [await parked(twice), await parked(twice)];
    expect((await store([{ n: 1 }])).toSorted()).toEqual([first, second].toSorted());
    await bench.pump(node(twice));
    // What answered the first two is used up; the third needs another one.
    expect((await bench.run(first)).status).toBe('waiting');
    await store([{ n: 2 }]);
    expect(await result(first, twice)).toEqual([1, 1, 2]);
    expect((await bench.run(second)).result).toEqual([1, 1, 2]);
  });

  it('counts what came before by default not, and with since: start from its own event on', async () => {
    const late =
      (since: 'now' | 'start'): Flow =>
      async ({ step, waitFor }) => {
        await step('work', () => store([{ ticket: 'A', by: 'this run' }]).then(() => null));
        return (await waitFor(REPLIED, { match: { ticket: 'A' }, since })).data;
      };
    await store([{ ticket: 'A', by: 'long ago' }]);
    bench.clock.advance(1);
    const since = await parked(late('start'));
    expect((await bench.run(since)).result).toEqual({ ticket: 'A', by: 'this run' });
    expect(await waits(since)).toEqual([]);
    const now = await parked(late('now'));
    expect((await bench.run(now)).status).toBe('waiting');
  });

  it('looks through more than a page of the past', async () => {
    const runId = await bench.seedRun('flow');
    await store(Array.from({ length: 250 }, (_, n) => ({ ticket: `${n}` })));
    await node(replyTo('249', 'start')).executor.execute(runId);
    expect((await bench.run(runId)).result).toEqual({ ticket: '249' });
  });

  it('gives up in time, and not when an event came first', async () => {
    const flow: Flow = async ({ waitFor }) => {
      const event = await waitFor(REPLIED, { timeoutMs: 60_000 }).catch((error: { code: string }) => error);
      return 'code' in event ? event.code : event.data;
    };
    const [late, early] = [await parked(flow), await parked(flow)];
    bench.clock.advance(59_000);
    await bench.pump(node(flow));
    expect((await bench.run(late)).status).toBe('waiting');
    bench.clock.advance(1_000);
    // Both are due; the event answers whichever still waits when it is stored.
    await node(flow).executor.execute(late);
    expect(await store([{ n: 1 }])).toEqual([early]);
    expect(await result(early, flow)).toEqual({ n: 1 });
    expect((await bench.run(late)).result).toBe('WAIT_TIMED_OUT');
  });

  it('leaves no wait behind when it ends or is cancelled, and keeps it when it diverges', async () => {
    const [raced, cancelled, diverged] = [await parked(reply), await parked(reply), await parked(reply)];
    await node(async () => 'other code').executor.execute(diverged);
    expect((await bench.run(diverged)).status).toBe('diverged');
    const control = createRunControl({ ...bench, jobs: bench.queue });
    await control.cancel({ tenantId: bench.tenant.tenantId, runId: cancelled }, 'admin:dana');
    await bench.pump(node(reply));
    expect(await waits(cancelled)).toEqual([]);
    await store([{ n: 1 }]);
    expect(await result(raced, reply)).toEqual({ n: 1 });
    expect((await bench.run(diverged)).status).toBe('diverged');
    await control.resume({ tenantId: bench.tenant.tenantId, runId: diverged }, 'admin:dana');
    expect(await result(diverged, reply)).toEqual({ n: 1 });
  });

  it.each([
    [{ match: { ticket: { nested: true } } }],
    [{ match: { ticket: 'a\u0000' } }],
    [{ match: { ticket: '\ud800' } }],
    [{ match: { ticket: undefined } }],
    [{ match: ['A', { nested: true }] }],
    [{ timeoutMs: -1 }],
    [{ timeoutMs: 1.5 }],
  ])('is refused a wait that nothing can decide: %j', async (options) => {
    const runId = await parked(async ({ waitFor }) => waitFor(REPLIED, options as never));
    expect(await bench.run(runId)).toMatchObject({ status: 'failed', error: { code: 'WORKFLOW_INVALID' } });
  });
});

describe('no wake-up is lost', () => {
  it('when an event is stored, but not committed, as the wait begins', async () => {
    const stored = Promise.withResolvers<void>();
    const commit = Promise.withResolvers<void>();
    const runId = await bench.seedRun('flow');
    const flow = replyTo('A', 'start');
    const storing = store([{ ticket: 'A' }], bench.tenant, () => {
      stored.resolve();
      return commit.promise;
    });
    await stored.promise;
    const execution = node(flow).executor.execute(runId);
    // The wait holds until the other has committed; each look is a round trip.
    for (let look = 0; look < 20; look += 1) expect((await bench.run(runId)).status).not.toBe('completed');
    commit.resolve();
    await Promise.all([storing, execution]);
    expect(await result(runId, flow)).toEqual({ ticket: 'A' });
  });

  it.each(['now', 'start'] as const)('between the wait and the park (since: %s)', async (since) => {
    const runId = await bench.seedRun('flow');
    const flow: Flow = async (context) => {
      const [event] = await Promise.all([
        replyTo('A', since)(context),
        // Once the wait is begun, and while the run is still going on.
        context.step('meanwhile', async () => {
          while ((await waits(runId)).length === 0);
          await store([{ ticket: 'A' }]);
          return null;
        }),
      ]);
      return event;
    };
    await node(flow).executor.execute(runId);
    expect(await result(runId, flow)).toEqual({ ticket: 'A' });
  });

  it('among many runs that begin to wait while the events are stored', async () => {
    const tickets = Array.from({ length: 24 }, (_, n) => `T${n}`);
    const flow: Flow = async (context) => replyTo((context.event.data as { ticket: string }).ticket, 'start')(context);
    const runIds = await Promise.all(tickets.map((ticket) => bench.seedRun('flow', { ticket })));
    await Promise.all([
      ...runIds.map((runId) => node(flow).executor.execute(runId)),
      ...tickets.toReversed().map((ticket) => store([{ ticket }, { ticket: 'nobody' }])),
    ]);
    await bench.pump(node(flow));
    const results = await Promise.all(runIds.map(async (runId) => (await bench.run(runId)).result));
    expect(results).toEqual(tickets.map((ticket) => ({ ticket })));
  });

  it('nor is one given twice, when several events come at once', async () => {
    const flow: Flow = async ({ waitFor }) => {
      const got: unknown[] = [];
      for (let n = 0; n < 4; n += 1) got.push((await waitFor(REPLIED, { since: 'start' })).data);
      return got;
    };
    const runId = await parked(flow);
    await Promise.all([1, 2, 3, 4].map((n) => store([{ n }])));
    const got = (await result(runId, flow)) as { n: number }[];
    expect(got.map(({ n }) => n).toSorted()).toEqual([1, 2, 3, 4]);
  });
});
