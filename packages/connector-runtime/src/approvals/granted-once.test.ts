import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AnyWorkflow, PlannedStep, WorkflowContext } from '../runs/define-workflow.ts';
import { sampleAction } from '../runs/test-manifest.ts';
import { APPROVER, type Bench, createBench } from '../test-run-bench.ts';
import type { ConnectorCalls } from '../types/connector-calls.ts';
import type { Attempt, Outcome } from '../types/run.ts';
import type { Click } from './click.ts';

interface Context extends Omit<WorkflowContext, 'action' | 'plan'> {
  action(
    name: string | PlannedStep,
    input?: unknown,
    options?: { key?: string; connection?: string },
  ): Promise<unknown>;
  plan(name: string, input: unknown): PlannedStep;
}

type Flow = (context: Context) => Promise<unknown>;

let bench: Bench;
let sent: Attempt[] = [];
const applied: Outcome = { status: 'applied', output: {}, http: [] };
let answer: () => Outcome = () => applied;

beforeAll(async () => {
  bench = await createBench({
    actions: { 'set-high': sampleAction({ risk: 'high' }) },
    run: async (attempt) => {
      sent.push(attempt);
      return answer();
    },
  });
});
afterEach(() => {
  sent = [];
  answer = () => applied;
  bench.artifact.digest = 'sha256:one';
  bench.policyTexts.clear();
});
afterAll(async () => bench.close());

const high = ['sample.set-high', { value: 'x' }] as const;

function nodeOf(run: Flow, overrides: Partial<ConnectorCalls> = {}) {
  const flow: AnyWorkflow = { name: 'flow', on: 'sample.changed', run: run as AnyWorkflow['run'] };
  return bench.createNode([flow], overrides);
}

/** A run that has come as far as it goes without people. */
async function begin(run: Flow) {
  const runId = await bench.seedRun('flow');
  const node = nodeOf(run);
  await node.executor.execute(runId);
  return { runId, node };
}

function click(approvalId: string | undefined, decision: Click['decision'] = 'approved'): Click {
  const { tenantId, chatId } = bench.tenant;
  return { tenantId, approvalId: approvalId ?? '', decision, actor: APPROVER, via: { connectionId: chatId } };
}

const questions = async (runId: string) =>
  (await bench.approvals(runId)).map(({ step_key, status }) => [step_key, status]);

/** Resolves when some statement waits for a row that the test holds. */
async function waitsForLock(): Promise<void> {
  for (;;) {
    const { rows } = await sql`select 1 from pg_locks where not granted and locktype = 'transactionid'`.execute(
      bench.db,
    );
    if (rows.length > 0) return;
  }
}

describe('one yes, one write', () => {
  it('counts the same write that names its connection as the same write', async () => {
    const { runId, node } = await begin(async ({ plan, approval, action }) => {
      const step = plan(...high);
      await approval({ title: 'Once', reason: '', actions: [step] });
      await action(step);
      await action(...high, { connection: 'sample' });
    });
    await node.approvals.decide(click((await bench.approvals(runId))[0]?.id));
    await bench.pump(node);
    expect(sent).toHaveLength(1);
    expect((await bench.run(runId)).status).toBe('waiting');
    // And on a replay, which knows of the first one by the journal alone.
    await node.executor.execute(runId);
    expect(sent).toHaveLength(1);
    expect(await questions(runId)).toEqual([
      ['approval#1', 'approved'],
      ['sample.set-high#2', 'requested'],
    ]);
  });

  it('stays used up by a step that had to ask again for its retry', async () => {
    answer = () => ({ status: 'not-applied', error: { code: 'X', message: 'later' }, retryable: true, http: [] });
    const { runId, node } = await begin(async ({ plan, approval, action, sleep }) => {
      const step = plan(...high);
      await approval({ title: 'Once', reason: '', actions: [step] });
      await Promise.all([action(step), sleep('later', 120_000).then(() => action(...high, { connection: 'sample' }))]);
    });
    await node.approvals.decide(click((await bench.approvals(runId))[0]?.id));
    await node.executor.execute(runId);
    expect(sent).toHaveLength(1);
    bench.artifact.digest = 'sha256:two';
    bench.clock.advance(60_000);
    await node.executor.execute(runId);
    bench.artifact.digest = 'sha256:one';
    bench.clock.advance(60_000);
    await node.executor.execute(runId);
    expect(sent).toHaveLength(1);
    expect((await bench.run(runId)).status).toBe('waiting');
  });
});

describe('two identical writes that each ask', () => {
  const both: Flow = async ({ action }) => Promise.allSettled([action(...high), action(...high)]);

  it.each([
    ['the first', 0],
    ['the second', 1],
  ] as const)('are answered each for itself when %s is denied', async (_which, deniedAt) => {
    const { runId, node } = await begin(both);
    const asked = await bench.approvals(runId);
    const approved = asked[1 - deniedAt];
    await node.approvals.decide(click(approved?.id));
    await bench.pump(node);
    await node.approvals.decide(click(asked[deniedAt]?.id, 'denied'));
    await bench.pump(node);
    expect((await bench.run(runId)).status).toBe('completed');
    expect(sent.map(({ stepKey }) => stepKey)).toEqual([approved?.step_key]);
    const steps = await bench.steps(runId);
    expect(steps.map(({ key, status, approval_id }) => [key, status, approval_id])).toEqual(
      asked
        .map(({ step_key, id }) => [step_key, id === approved?.id ? 'succeeded' : 'denied', id])
        .toSorted(([one], [other]) => String(one).localeCompare(String(other))),
    );
  });

  it('do not take the "yes" of the other one, even when they come to it first', async () => {
    const flow: Flow = async ({ action, sleep }) =>
      Promise.all([action(...high, { key: 'asked' }), sleep('nap', 1000).then(() => action(...high, { key: 'late' }))]);
    const { runId } = await begin(flow);
    const [asked] = await bench.approvals(runId);
    let plans = 0;
    const node = nodeOf(flow, {
      async enabled(tenantId, connector) {
        plans += 1;
        if (plans === 1) while (!(await bench.steps(runId)).some(({ key }) => key === 'late'));
        return bench.createEnabled(tenantId, connector);
      },
    });
    await node.approvals.decide(click(asked?.id));
    bench.clock.advance(1000);
    await node.executor.execute(runId);
    expect(sent.map(({ stepKey }) => stepKey)).toEqual(['asked']);
    expect(await questions(runId)).toEqual([
      ['asked', 'approved'],
      ['late', 'requested'],
    ]);
  });

  it('use the "yes" to their own question first, and leave the one for any step to the others', async () => {
    const flow: Flow = async ({ plan, approval, action, sleep }) => {
      const question = approval({ title: 'For any', reason: '', actions: [plan(...high)] });
      await sleep('nap', 1000);
      await action(...high, { key: 'asked' });
      await question;
      await action(...high, { key: 'other' });
    };
    const { runId, node } = await begin(flow);
    bench.clock.advance(1000);
    await node.executor.execute(runId);
    for (const { id } of await bench.approvals(runId)) await node.approvals.decide(click(id));
    await node.executor.execute(runId);
    expect(sent.map(({ stepKey }) => stepKey)).toEqual(['asked', 'other']);
  });

  it('do not get past a "no" with the "yes" to a question of the workflow', async () => {
    const { runId, node } = await begin(async ({ plan, approval, action }) => {
      const step = plan(...high);
      const question = approval({ title: 'Later', reason: '', actions: [step] });
      const first = await action(step).catch((error: { code: string }) => error.code);
      await question;
      return first;
    });
    const asked = await bench.approvals(runId);
    for (const { id, step_key } of asked) {
      await node.approvals.decide(click(id, step_key === 'approval#1' ? 'approved' : 'denied'));
    }
    await bench.pump(node);
    expect(await bench.run(runId)).toMatchObject({ status: 'completed', result: 'APPROVAL_DENIED' });
    expect(sent).toHaveLength(0);
  });
});

describe('an answer that comes while the run is executing', () => {
  it('is used at once: the step does not wait for what has happened already', async () => {
    const { runId } = await begin(async ({ action }) => action(...high));
    const [asked] = await bench.approvals(runId);
    const node = nodeOf(async ({ action }) => action(...high), {
      async enabled(tenantId, connector) {
        await node.approvals.decide(click(asked?.id));
        return bench.createEnabled(tenantId, connector);
      },
    });
    await node.executor.execute(runId);
    expect((await bench.run(runId)).status).toBe('completed');
    expect(sent).toHaveLength(1);
    expect((await bench.steps(runId))[0]).toMatchObject({ approval_id: asked?.id });
  });

  it('leaves no second question behind when the connector was upgraded', async () => {
    const asking: Flow = async ({ plan, approval, action }) => {
      const step = plan(...high);
      await approval({ title: 'Move it?', reason: '', actions: [step] });
      return action(step);
    };
    const { runId } = await begin(asking);
    const [asked] = await bench.approvals(runId);
    bench.artifact.digest = 'sha256:two';
    const planning = Promise.withResolvers<void>();
    const deciding = Promise.withResolvers<void>();
    const commit = Promise.withResolvers<void>();
    const node = nodeOf(asking, {
      async enabled(tenantId, connector) {
        planning.resolve();
        await deciding.promise;
        return bench.createEnabled(tenantId, connector);
      },
    });
    const execution = node.executor.execute(runId);
    await planning.promise;
    const { send } = bench.queue;
    bench.queue.send = async (...jobs) => {
      bench.queue.send = send;
      deciding.resolve();
      await commit.promise;
      await send(...jobs);
    };
    const decision = node.approvals.decide(click(asked?.id));
    await deciding.promise;
    await waitsForLock();
    commit.resolve();
    expect((await decision).status).toBe('decided');
    await execution;
    expect(await questions(runId)).toEqual([
      ['approval#1', 'approved'],
      ['sample.set-high#1', 'requested'],
    ]);
    expect(sent).toHaveLength(0);
  });
});

describe('a question that was answered while its run ended', () => {
  it('is not posted as taken back', async () => {
    const { runId, node } = await begin(async ({ action }) => action(...high));
    const [asked] = await bench.approvals(runId);
    await bench.pump(node);
    const before = bench.updated.length;
    const commit = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const { send } = bench.queue;
    bench.queue.send = async () => {
      bench.queue.send = send;
      held.resolve();
      await commit.promise;
    };
    const decision = node.approvals.decide(click(asked?.id));
    await held.promise;
    const ending = node.approvals.cancelOpen({ id: runId, tenantId: bench.tenant.tenantId });
    await waitsForLock();
    commit.resolve();
    await Promise.all([decision, ending]);
    await bench.pump(node);
    expect(bench.updated.slice(before)).toEqual([]);
    expect(await questions(runId)).toEqual([['sample.set-high#1', 'approved']]);
  });
});
