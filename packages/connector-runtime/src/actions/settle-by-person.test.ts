import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AnyWorkflow } from '../runs/define-workflow.ts';
import { sampleAction } from '../runs/test-manifest.ts';
import { type Bench, createBench } from '../test-run-bench.ts';
import type { Attempt, Outcome } from '../types/run.ts';

type Act = { action(name: string, input: unknown): Promise<unknown> };

const applied: Outcome = { status: 'applied', output: { done: true }, http: [] };
const unknown: Outcome = { status: 'unknown', error: { code: 'SAMPLE_FAILED', message: 'scripted' }, http: [] };

let bench: Bench;
let sent: Attempt[] = [];
let answer: Outcome = applied;

beforeAll(async () => {
  bench = await createBench({
    actions: { natural: sampleAction(), none: sampleAction({ idempotency: { mode: 'none', resolve: false } }) },
    run: async (attempt) => {
      sent.push(attempt);
      return answer;
    },
  });
});
afterEach(() => {
  sent = [];
  answer = applied;
});
afterAll(async () => bench.close());

const flow = (action: string): AnyWorkflow => ({
  name: action,
  on: 'sample.changed',
  run: (async (context: Act) => context.action(`sample.${action}`, { value: 'x' })) as AnyWorkflow['run'],
});
const workflows = ['natural', 'none'].map(flow);

async function execute(runId: string) {
  await bench.createNode(workflows).executor.execute(runId);
  return stateOf(runId);
}

async function stateOf(runId: string) {
  const [run, [step]] = await Promise.all([bench.run(runId), bench.steps(runId)]);
  return { run: run.status, step: step?.status, dueAt: step?.due_at?.getTime(), attempts: step?.attempts };
}

describe('a person', () => {
  const by = 'admin:ada';

  async function unsettled() {
    answer = unknown;
    const runId = await bench.seedRun('none');
    expect(await execute(runId)).toMatchObject({ run: 'waiting', step: 'unknown', dueAt: undefined });
    answer = applied;
    const { tenantId } = bench.tenant;
    return { runId, step: { tenantId, runId, stepKey: 'sample.none#1' }, node: bench.createNode(workflows) };
  }

  it('who saw that it happened gives the output, and the run goes on', async () => {
    const { runId, step, node } = await unsettled();
    await node.actions.settleByPerson(step, { status: 'applied', output: { seen: true } }, by);
    await bench.pump(node);
    expect(await bench.run(runId)).toMatchObject({ status: 'completed', result: { seen: true } });
    expect(sent).toHaveLength(1);
    const entry = await bench.db
      .selectFrom('connector.audit_entries')
      .select('body')
      .where('run_id', '=', runId)
      .where('kind', '=', 'action.applied')
      .executeTakeFirstOrThrow();
    expect(JSON.parse(entry.body)).toMatchObject({ actor: by, details: { settledByPerson: true } });
  });

  it('who saw that it did not has it sent again', async () => {
    const { runId, step, node } = await unsettled();
    await node.actions.settleByPerson(step, { status: 'not-applied' }, by);
    await bench.pump(node);
    expect(await stateOf(runId)).toMatchObject({ run: 'completed', attempts: 2 });
  });

  const answersOf = async (runId: string) => {
    const rows = await bench.db
      .selectFrom('connector.audit_entries')
      .select('body')
      .where('run_id', '=', runId)
      .orderBy('seq')
      .execute();
    const entries = rows.map(({ body }) => JSON.parse(body) as { actor: string; kind: string; details: object });
    return entries.filter(({ details }) => 'settledByPerson' in details);
  };

  it('settles only what is unknown, and only in their tenant', async () => {
    const { step, node } = await unsettled();
    const other = await bench.seedTenant('stranger');
    const stranger = { ...step, tenantId: other.tenantId };
    for (const wrong of [stranger, { ...step, stepKey: 'sample.none#2' }]) {
      await expect(node.actions.settleByPerson(wrong, { status: 'not-applied' }, by)).rejects.toMatchObject({
        code: 'RUN_NOT_UNSETTLED',
      });
    }
    const runId = await bench.seedRun('natural');
    await execute(runId);
    const done = { ...step, runId, stepKey: 'sample.natural#1' };
    await expect(
      node.actions.settleByPerson(done, { status: 'applied', output: { done: true } }, by),
    ).rejects.toMatchObject({ code: 'RUN_NOT_UNSETTLED' });
  });

  it('may say the same twice, at once or after it was sent again: it is audited once, with who and why', async () => {
    const { runId, step, node } = await unsettled();
    const outcome = { status: 'not-applied', reason: 'no note in the incident' } as const;
    await Promise.all([1, 2].map(() => node.actions.settleByPerson(step, outcome, by)));
    await bench.pump(node);
    expect(await stateOf(runId)).toMatchObject({ run: 'completed', attempts: 2 });
    await node.actions.settleByPerson(step, outcome, by);
    expect(sent).toHaveLength(2);
    expect(await answersOf(runId)).toMatchObject([
      { kind: 'action.not_applied', actor: by, details: { reason: 'no note in the incident' } },
    ]);
  });

  it('can’t change an answer: of two different ones at once, one holds and the other is told whose it is', async () => {
    const { runId, step, node } = await unsettled();
    const both = await Promise.allSettled([
      node.actions.settleByPerson(step, { status: 'applied', output: { n: 1 } }, 'admin:ada'),
      node.actions.settleByPerson(step, { status: 'not-applied' }, 'admin:bob'),
    ]);
    const refused = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toMatchObject([{ code: 'RUN_SETTLED_OTHERWISE' }]);
    expect(await answersOf(runId)).toHaveLength(1);
  });

  it('who gives another output than before is refused; the same one in another order is the same', async () => {
    const { step, node } = await unsettled();
    const say = (output: unknown) => node.actions.settleByPerson(step, { status: 'applied', output }, by);
    await say({ a: 1, b: [2] });
    await say({ b: [2], a: 1 });
    await expect(say({ a: 1, b: [3] })).rejects.toMatchObject({ code: 'RUN_SETTLED_OTHERWISE' });
  });

  it('who saw that nothing happened in a run that is over ends the step: nothing is sent', async () => {
    const { runId, step, node } = await unsettled();
    await bench.db
      .updateTable('connector.runs')
      .set({ status: 'failed', finished_at: new Date(bench.clock.now()) })
      .where('id', '=', runId)
      .execute();
    await node.actions.settleByPerson(step, { status: 'not-applied' }, by);
    await bench.pump(node);
    expect(await stateOf(runId)).toMatchObject({ run: 'failed', step: 'failed', attempts: 1 });
    expect(sent.filter(({ planned }) => planned.runId === runId)).toHaveLength(1);
  });
});
