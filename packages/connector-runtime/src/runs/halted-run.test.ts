import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, createBench } from '../test-run-bench.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Outcome } from '../types/run.ts';
import type { AnyWorkflow, WorkflowContext } from './define-workflow.ts';
import { sampleAction } from './test-manifest.ts';

interface Context extends Omit<WorkflowContext, 'action'> {
  action(name: string, input: unknown): Promise<unknown>;
}

type Flow = (context: Context) => Promise<unknown>;

let bench: Bench;
let sent: unknown[] = [];
const applied: Outcome = { status: 'applied', output: {}, http: [] };
const again = { status: 'not-applied', error: { code: 'X', message: 'later' }, retryable: true } as const;
let answer: () => Promise<Outcome> = async () => applied;

beforeAll(async () => {
  bench = await createBench({
    actions: { set: sampleAction() },
    run: async ({ planned }) => {
      sent.push(planned.input);
      return answer();
    },
  });
});
afterEach(() => {
  sent = [];
  answer = async () => applied;
});
afterAll(async () => bench.close());

const flowOf = (run: Flow): readonly AnyWorkflow[] => [
  { name: 'flow', on: 'sample.changed', run: run as AnyWorkflow['run'] },
];

describe('a branch that ends the execution', () => {
  it.each<[string, string | undefined, (context: Context) => Promise<unknown>]>([
    ['the database is away', 'DATABASE_UNREACHABLE', ({ action }) => action('chat.set', { value: 'away' })],
    ['the code has diverged', undefined, ({ step }) => step('nap', () => 1)],
  ])('lets the writes of the others come to their end: %s', async (_why, code, ending) => {
    const runId = await bench.seedRun('flow');
    const write = ({ action }: Context) => action('sample.set', { value: 'a' });
    answer = async () => ({ ...again, http: [] });
    const before: Flow = async (context) => Promise.all([context.sleep('nap', 60_000), write(context)]);
    await bench.createNode(flowOf(before)).executor.execute(runId);
    bench.clock.advance(50_000);
    sent = [];
    const release = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    answer = async () => {
      reached.resolve();
      await release.promise;
      return applied;
    };
    let over = false;
    const node = bench.createNode(
      flowOf(async (context) => {
        const { action, sleep } = context;
        const nap = code === undefined ? undefined : sleep('nap', 60_000);
        const next = write(context).then(() => action('sample.set', { value: 'b' }));
        const end = reached.promise.then(() => ending(context));
        return Promise.all([nap, next, end]);
      }),
      {
        async enabled(tenantId, connector) {
          if (connector === 'chat') throw new RuntimeError('DATABASE_UNREACHABLE', 'the database is away');
          return bench.createEnabled(tenantId, connector);
        },
      },
    );
    const execution = node.executor.execute(runId).finally(() => {
      over = true;
    });
    const result = execution.then(
      () => undefined,
      (error: { code: string }) => error.code,
    );
    await reached.promise;
    // Each look is a round trip to the database: an execution that gives up at once is over long before.
    for (let look = 0; look < 50; look += 1) await bench.run(runId);
    expect(over).toBe(false);
    release.resolve();
    expect(await result).toBe(code);
    expect((await bench.run(runId)).status).toBe(code === undefined ? 'diverged' : 'running');
    const written = (await bench.steps(runId)).find(({ kind }) => kind === 'action');
    expect(written).toMatchObject({ status: 'succeeded' });
    expect(sent).toEqual([{ value: 'a' }]);
  });
});

describe('an operation inside the work of a step', () => {
  it.each<[string, (context: Context) => Promise<unknown>]>([
    ['a sleep', ({ sleep }) => sleep('nap', 60_000)],
    ['an action', ({ action }) => action('sample.set', { value: 'a' })],
    ['a step', ({ step }) => step('inner', () => 1)],
    ['an approval', ({ approval }) => approval({ title: 'x', reason: '', actions: [] })],
  ])('is refused, and the execution ends: %s', async (_what, inner) => {
    const runId = await bench.seedRun('flow');
    const node = bench.createNode(
      flowOf(async (context) =>
        context.step('outer', async () => {
          await Promise.resolve();
          return inner(context);
        }),
      ),
    );
    await node.executor.execute(runId);
    expect(await bench.run(runId)).toMatchObject({ status: 'failed', error: { code: 'WORKFLOW_INVALID' } });
    expect((await bench.steps(runId)).map(({ key }) => key)).toEqual(['outer']);
    expect(sent).toEqual([]);
  });

  it('is none once the step is over', async () => {
    const runId = await bench.seedRun('flow');
    const node = bench.createNode(
      flowOf(async ({ step, action }) => {
        await step('first', async () => 1);
        await step('second', () => 2).then(() => action('sample.set', { value: 'a' }));
        return 'done';
      }),
    );
    await node.executor.execute(runId);
    expect(await bench.run(runId)).toMatchObject({ status: 'completed', result: 'done' });
  });
});
