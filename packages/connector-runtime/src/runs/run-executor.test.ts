import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, createBench } from '../test-run-bench.ts';
import type { Attempt, Outcome } from '../types/run.ts';
import { applied, type FlowContext, flowOf } from './test-flow.ts';
import { sampleAction } from './test-manifest.ts';

const set = (value: string) => ['sample.set', { value }] as const;

let bench: Bench;
let sent: Attempt[] = [];
let answer: (attempt: Attempt) => Promise<Outcome> = async () => applied({});

beforeAll(async () => {
  const get = sampleAction({ effect: 'read', idempotency: { mode: 'safe', resolve: false } });
  bench = await createBench({
    actions: {
      set: sampleAction(),
      get,
      'set-high': sampleAction({ risk: 'high' }),
      'set-critical': sampleAction({ risk: 'critical' }),
    },
    run: async (attempt) => {
      sent.push(attempt);
      return answer(attempt);
    },
  });
});
afterEach(() => {
  sent = [];
  answer = async () => applied({});
});
afterAll(async () => bench.close());

async function start(run: (context: FlowContext) => Promise<unknown>) {
  const runId = await bench.seedRun('flow', { number: 'INC1' });
  const node = bench.createNode([flowOf(run)]);
  await node.executor.execute(runId);
  return { runId, node, run: await bench.run(runId) };
}

/** The same run on another process, with the code it has. */
async function resume(runId: string, run: (context: FlowContext) => Promise<unknown>) {
  const node = bench.createNode([flowOf(run)]);
  await node.executor.execute(runId);
  return bench.run(runId);
}

describe('a run', () => {
  it('completes with the result of its workflow, journalled and audited', async () => {
    answer = async ({ planned }) => applied({ got: planned.input });
    const { runId, run } = await start(async ({ event, action, step }) => {
      const first = await action(...set('a'));
      const local = await step('local', () => ({ at: 1 }));
      return { first, local, data: event.data };
    });
    expect(run).toMatchObject({
      status: 'completed',
      result: { first: { got: { value: 'a' } }, local: { at: 1 }, data: { number: 'INC1' } },
    });
    expect((await bench.steps(runId)).map(({ key, status, attempts }) => [key, status, attempts])).toEqual([
      ['local', 'succeeded', 0],
      ['sample.set#1', 'succeeded', 1],
    ]);
    expect(await bench.auditKinds(runId)).toEqual([
      'run.started',
      'action.intended',
      'action.applied',
      'run.completed',
    ]);
  });

  it('is left alone once it is over', async () => {
    const { runId } = await start(async ({ action }) => action(...set('a')));
    await resume(runId, async ({ action }) => action(...set('b')));
    expect(sent).toHaveLength(1);
  });

  it('stays as it is on a node that lacks its workflow', async () => {
    const runId = await bench.seedRun('elsewhere');
    const node = bench.createNode([]);
    await node.executor.execute(runId);
    expect(await bench.run(runId)).toMatchObject({ status: 'queued', generation: 0 });
  });

  it('is looked at again ever more rarely while no node has its workflow', async () => {
    bench.clock.advance(3_600_000);
    while (bench.queue.take() !== undefined);
    const runId = await bench.seedRun('elsewhere');
    await bench.db
      .updateTable('connector.runs')
      .set({ updated_at: new Date(bench.clock.now()) })
      .where('id', '=', runId)
      .execute();
    const node = bench.createNode([]);
    const pauses: number[] = [];
    for (let look = 0; look < 12; look += 1) {
      await node.executor.execute(runId);
      const pauseMs = (bench.queue.nextAt() ?? 0) - bench.clock.now();
      pauses.push(pauseMs / 1000);
      bench.clock.advance(pauseMs);
      expect(bench.queue.take()).toMatchObject({ queue: 'run', runId });
    }
    expect(pauses).toEqual([2, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
  });

  it('returns journalled results on replay and does nothing twice', async () => {
    const flow = async ({ action, step, sleep }: FlowContext) => {
      const values = [await action(...set('a'))];
      values.push(await step('local', () => sent.length));
      await sleep('nap', 60_000);
      values.push(await action(...set('b')));
      return values;
    };
    const { runId, run } = await start(flow);
    expect(run.status).toBe('waiting');
    expect(sent).toHaveLength(1);
    expect((await resume(runId, flow)).status).toBe('waiting');
    bench.clock.advance(60_000);
    expect(await resume(runId, flow)).toMatchObject({ status: 'completed', result: [{}, 1, {}] });
    expect(sent.map(({ planned }) => planned.input)).toEqual([{ value: 'a' }, { value: 'b' }]);
  });

  it('asks the queue to wake it when its earliest branch is due', async () => {
    bench.clock.advance(3_600_000);
    while (bench.queue.take() !== undefined);
    const due = bench.clock.now() + 5_000;
    await start(async ({ sleep }) => Promise.all([sleep('long', 60_000), sleep('short', 5_000)]));
    expect(bench.queue.nextAt()).toBe(due);
  });

  it('runs branches side by side and parks only when each of them waits', async () => {
    const flow = async ({ action, sleep }: FlowContext) => {
      const [, second] = await Promise.all([
        sleep('nap', 1_000),
        action(...set('a')).then(() => action(...set('b'))),
        action(...set('c')),
      ]);
      return second;
    };
    const { runId, run } = await start(flow);
    expect(run.status).toBe('waiting');
    expect(sent).toHaveLength(3);
    bench.clock.advance(1_000);
    expect((await resume(runId, flow)).status).toBe('completed');
    expect(sent).toHaveLength(3);
  });

  it('lets the branch win a race on replay that won it, when both are over', async () => {
    const lost = Promise.withResolvers<void>();
    const flow = async ({ action, step, sleep }: FlowContext) => {
      const slow = step('slow', async () => {
        await lost.promise;
        return 'slow';
      });
      const winner = await Promise.race([slow, step('fast', () => 'fast')]);
      await action(...set(winner));
      lost.resolve();
      await slow;
      await sleep('nap', 1_000);
      return winner;
    };
    const { runId } = await start(flow);
    bench.clock.advance(1_000);
    expect(await resume(runId, flow)).toMatchObject({ status: 'completed', result: 'fast' });
    expect(sent.map(({ planned }) => planned.input)).toEqual([{ value: 'fast' }]);
    const turns = (await bench.steps(runId)).map(({ key, turn }) => [key, turn]);
    expect(turns).toEqual([
      ['fast', 1],
      ['nap', null],
      ['sample.set#1', 2],
      ['slow', null],
    ]);
  });

  it('finds its steps again when branches ask in another order', async () => {
    const second = Promise.withResolvers<void>();
    answer = async ({ planned }) => {
      if ((planned.input as { value: string }).value === 'b') second.resolve();
      return applied({});
    };
    const branch = (context: FlowContext, value: string, ready?: Promise<void>) =>
      context.step(`wait-${value}`, () => ready).then(() => context.action(...set(value)));
    const flow = async (context: FlowContext) => {
      await Promise.all([branch(context, 'a', second.promise), branch(context, 'b')]);
      await context.sleep('nap', 1_000);
    };
    const { runId } = await start(flow);
    expect(sent.map(({ planned }) => planned.input)).toEqual([{ value: 'b' }, { value: 'a' }]);
    bench.clock.advance(1_000);
    expect((await resume(runId, flow)).status).toBe('completed');
    expect(sent).toHaveLength(2);
  });
});

describe('errors', () => {
  const failure: Outcome = {
    status: 'not-applied',
    error: { code: 'SAMPLE_REFUSED', message: 'no' },
    retryable: false,
    http: [],
  };

  it('of an action can be caught, and are the same on replay', async () => {
    answer = async () => failure;
    const seen: unknown[] = [];
    const flow = async ({ action, sleep }: FlowContext) => {
      const error = await action(...set('a')).catch((caught: unknown) => caught);
      seen.push((error as { code: string; message: string }).code, (error as Error).message);
      await sleep('nap', 1_000);
      return 'went on';
    };
    const { runId } = await start(flow);
    bench.clock.advance(1_000);
    expect(await resume(runId, flow)).toMatchObject({ status: 'completed', result: 'went on' });
    expect(seen).toEqual(['SAMPLE_REFUSED', 'no', 'SAMPLE_REFUSED', 'no']);
    expect(sent).toHaveLength(1);
  });

  it('that nobody catches fail the run with their code', async () => {
    answer = async () => failure;
    const { run } = await start(async ({ action }) => action(...set('a')));
    expect(run).toMatchObject({ status: 'failed', error: { code: 'SAMPLE_REFUSED' } });
    expect(
      (
        await start(async () => {
          throw new TypeError('oops');
        })
      ).run,
    ).toMatchObject({ status: 'failed', error: { code: 'RUN_FAILED' } });
  });

  it('of an input that does not fit never reach the connector', async () => {
    const { run } = await start(async ({ action }) => action('sample.set', { valeu: 'a' }));
    expect(run).toMatchObject({ status: 'failed', error: { code: 'ACTION_INPUT_INVALID' } });
    expect(sent).toHaveLength(0);
  });

  it('of an unknown action or a denied one end the run as failed or denied', async () => {
    expect((await start(async ({ action }) => action('sample.nope', {}))).run.error).toMatchObject({
      code: 'ACTION_UNKNOWN',
    });
    const { run, runId } = await start(async ({ action }) => action('sample.set-critical', { value: 'a' }));
    expect(run).toMatchObject({ status: 'denied', error: { code: 'POLICY_DENIED' } });
    expect(await bench.auditKinds(runId)).toContain('action.denied');
    expect(sent).toHaveLength(0);
  });

  it('refuses a key twice in one run', async () => {
    const { run } = await start(async ({ step }) => {
      await step('same', () => 1);
      return step('same', () => 2);
    });
    expect(run.error).toMatchObject({ code: 'WORKFLOW_INVALID' });
  });

  it('of a branch that nobody awaits fail the run and not the process', async () => {
    const others = process.listeners('unhandledRejection').filter(({ name }) => name !== 'failItsRun');
    for (const other of others) process.off('unhandledRejection', other);
    try {
      const { run } = await start(async ({ step }) => {
        void (async () => {
          await step('one', () => 1);
          throw new Error('nobody listens');
        })();
        await step('two', () => new Promise((done) => setTimeout(() => done(2), 20)));
        return 'done';
      });
      expect(run).toMatchObject({ status: 'failed', error: { code: 'RUN_FAILED' } });
    } finally {
      for (const other of others) process.on('unhandledRejection', other);
    }
  });
});

describe('changed code', () => {
  const before = async ({ action, sleep }: FlowContext) => {
    await action('sample.set', { value: 'a' }, { key: 'assign' });
    await sleep('nap', 1_000);
  };

  async function parked() {
    const { runId } = await start(before);
    sent = [];
    bench.clock.advance(1_000);
    return runId;
  }

  it.each<[string, (context: FlowContext) => Promise<unknown>]>([
    ['another input', async ({ action }) => action('sample.set', { value: 'b' }, { key: 'assign' })],
    ['another name for a step', async ({ action }) => action('sample.set', { value: 'a' }, { key: 'renamed' })],
    ['a step before it', async ({ action }) => action('sample.set', { value: 'x' })],
    ['another kind of step', async ({ step }) => step('assign', () => 1)],
    ['the step left out', async () => 'nothing to do'],
  ])('that has %s stops the run, names the step and sends nothing', async (_what, after) => {
    const runId = await parked();
    const run = await resume(runId, after);
    expect(run).toMatchObject({ status: 'diverged', error: { code: 'RUN_DIVERGED' } });
    expect(run.error?.message).toContain('step assign');
    expect(sent).toHaveLength(0);
    expect((await bench.steps(runId)).map(({ key }) => key)).toEqual(['assign', 'nap']);
  });

  it('that only adds a step at the end fits', async () => {
    const runId = await parked();
    const run = await resume(runId, async (context) => {
      await before(context);
      return context.action(...set('more'));
    });
    expect(run.status).toBe('completed');
    expect(sent).toHaveLength(1);
  });

  it('does not include an upgraded connector', async () => {
    const runId = await parked();
    bench.artifact.digest = 'sha256:two';
    expect((await resume(runId, before)).status).toBe('completed');
    bench.artifact.digest = 'sha256:one';
  });
});

describe('fencing', () => {
  it('lets a node that was taken over write nothing any more', async () => {
    const release = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    answer = async () => {
      if (sent.length > 1) return applied({ by: 'second' });
      reached.resolve();
      await release.promise;
      return applied({ by: 'first' });
    };
    const flow = async ({ action }: FlowContext) => action(...set('a'));
    const runId = await bench.seedRun('flow');
    const first = bench.createNode([flowOf(flow)]).executor.execute(runId);
    await reached.promise;
    expect(await resume(runId, flow)).toMatchObject({ status: 'completed', result: { by: 'second' } });
    const before = await bench.auditKinds(runId);
    release.resolve();
    await first;
    expect(await bench.run(runId)).toMatchObject({ status: 'completed', result: { by: 'second' } });
    expect(await bench.auditKinds(runId)).toEqual(before);
  });

  it('lets one of two claims at once win', async () => {
    const runId = await bench.seedRun('flow');
    const nodes = Array.from({ length: 8 }, () =>
      bench.createNode([flowOf(async ({ action }) => action(...set('a')))]),
    );
    await Promise.all(nodes.map(({ executor }) => executor.execute(runId)));
    expect(await bench.run(runId)).toMatchObject({ status: 'completed' });
    expect(new Set(sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });
});
