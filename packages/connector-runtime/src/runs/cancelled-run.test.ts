import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { APPROVER, type Bench, createBench } from '../test-run-bench.ts';
import type { Outcome } from '../types/run.ts';
import { createRunControl } from './run-control.ts';
import { createRunReader } from './run-reader.ts';
import { applied, type Flow, flowOf } from './test-flow.ts';
import { sampleAction } from './test-manifest.ts';

let bench: Bench;
let sent: string[] = [];
let answer: (value: string) => Promise<Outcome> = async () => applied();
const unknown: Outcome = { status: 'unknown', error: { code: 'HTTP_TIMEOUT', message: 'no answer' }, http: [] };

beforeAll(async () => {
  bench = await createBench({
    actions: {
      set: sampleAction({ idempotency: { mode: 'none', resolve: false } }),
      'set-high': sampleAction({ risk: 'high' }),
    },
    run: async ({ planned }) => {
      const { value } = planned.input as { value: string };
      sent.push(value);
      return answer(value);
    },
  });
});
afterEach(() => {
  sent = [];
  answer = async () => applied();
});
afterAll(async () => bench.close());

const by = 'admin:dana';
const ofTenant = (runId: string) => ({ tenantId: bench.tenant.tenantId, runId });
const cancel = (runId: string, reason?: string) =>
  createRunControl({ ...bench, jobs: bench.queue }).cancel(ofTenant(runId), by, reason);
const node = (run: Flow, deadlineMs?: number) =>
  bench.createNode([flowOf(run, deadlineMs === undefined ? {} : { deadlineMs })]);
const view = async (runId: string) => {
  const run = await createRunReader(bench.db).get(runId);
  if (run === undefined) throw new Error('the run is gone');
  return run;
};
const cancelled = { status: 'cancelled', error: { code: 'RUN_CANCELLED', message: 'cancelled by admin:dana' } };

describe('a cancelled run', () => {
  it('that waits does nothing more, takes its question back, and says who cancelled it and why', async () => {
    const flow: Flow = async ({ action }) => action('sample.set-high', { value: 'high' });
    const runId = await bench.seedRun('flow');
    const one = node(flow);
    await one.executor.execute(runId);
    const [question] = await bench.approvals(runId);
    await cancel(runId, 'wrong ticket');
    // From this moment on nobody can agree to it.
    const click = { approvalId: question?.id ?? '', decision: 'approved', actor: APPROVER } as const;
    const via = { connectionId: bench.tenant.chatId };
    expect(await one.approvals.decide({ ...click, tenantId: bench.tenant.tenantId, via })).toMatchObject({
      status: 'already-decided',
    });
    await bench.pump(one);
    expect(await bench.run(runId)).toMatchObject({
      status: 'cancelled',
      error: { code: 'RUN_CANCELLED', message: 'cancelled by admin:dana: wrong ticket' },
      finished_at: expect.any(Date),
    });
    expect((await bench.approvals(runId)).map(({ status }) => status)).toEqual(['cancelled']);
    expect(sent).toEqual([]);
    const kinds = await bench.auditKinds(runId);
    expect(kinds.filter((kind) => kind.startsWith('run.'))).toEqual([
      'run.started',
      'run.waiting',
      'run.cancel_requested',
      'run.cancelling',
      'run.cancelled',
    ]);
  });

  it('learns the outcome of a write in hand, and begins nothing after it', async () => {
    const release = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    answer = async () => {
      reached.resolve();
      await release.promise;
      return applied({ done: true });
    };
    const flow: Flow = async ({ action, step }) => {
      await action('sample.set', { value: 'a' });
      await step('local', () => 1).catch(() => 'caught');
      await action('sample.set', { value: 'b' }).catch(() => 'caught');
    };
    const runId = await bench.seedRun('flow');
    const one = node(flow);
    const execution = one.executor.execute(runId);
    await reached.promise;
    await cancel(runId);
    expect((await bench.run(runId)).status).toBe('cancelling');
    release.resolve();
    await execution;
    await bench.pump(one);
    expect(await bench.run(runId)).toMatchObject(cancelled);
    expect((await bench.steps(runId)).map(({ key, status }) => [key, status])).toEqual([['sample.set#1', 'succeeded']]);
    expect(sent).toEqual(['a']);
  });

  it('whose node died in the middle of a write leaves that write to a person', async () => {
    const reached = Promise.withResolvers<void>();
    answer = async () => {
      reached.resolve();
      return new Promise(() => undefined);
    };
    const runId = await bench.seedRun('flow');
    const flow: Flow = async ({ action }) => action('sample.set', { value: 'a' });
    void node(flow).executor.execute(runId);
    await reached.promise;
    await cancel(runId);
    const other = node(flow);
    await bench.pump(other);
    expect(await view(runId)).toMatchObject({ ...cancelled, unsettled: 1 });
    expect((await bench.steps(runId))[0]).toMatchObject({
      status: 'unknown',
      error: { code: 'ACTION_OUTCOME_UNKNOWN' },
    });
    const found = { status: 'applied', output: {} } as const;
    await other.actions.settleByPerson({ ...ofTenant(runId), stepKey: 'sample.set#1' }, found, by);
    await bench.pump(other);
    expect(await view(runId)).toMatchObject({ ...cancelled, unsettled: 0 });
  });

  it('is cancelled on a node that lacks its workflow, and when it has not begun', async () => {
    const runId = await bench.seedRun('elsewhere');
    await cancel(runId);
    await bench.pump(bench.createNode([]));
    expect(await bench.run(runId)).toMatchObject(cancelled);
  });

  it('is cancelled when it has diverged', async () => {
    const runId = await bench.seedRun('flow');
    await node(async ({ sleep }) => sleep('nap', 1_000)).executor.execute(runId);
    const other = node(async ({ step }) => step('nap', () => 1));
    await other.executor.execute(runId);
    expect((await bench.run(runId)).status).toBe('diverged');
    await cancel(runId);
    await bench.pump(other);
    expect(await bench.run(runId)).toMatchObject(cancelled);
  });

  it('may be cancelled twice, but not once it is over, nor by another tenant', async () => {
    const runId = await bench.seedRun('flow');
    await cancel(runId);
    await cancel(runId);
    await bench.pump(bench.createNode([]));
    await expect(cancel(runId)).rejects.toMatchObject({ code: 'RUN_FINISHED' });
    const other = await bench.seedTenant('other');
    const control = createRunControl({ ...bench, jobs: bench.queue });
    const fresh = await bench.seedRun('flow');
    await expect(control.cancel({ tenantId: other.tenantId, runId: fresh }, by)).rejects.toMatchObject({
      code: 'RUN_UNKNOWN',
    });
    expect((await bench.run(fresh)).status).toBe('queued');
  });
});

describe('a deadline', () => {
  const overdue = { status: 'failed', error: { code: 'RUN_DEADLINE_EXCEEDED' } };
  const seed = async () => {
    const runId = await bench.seedRun('flow');
    const created_at = new Date(bench.clock.now());
    await bench.db.updateTable('connector.runs').set({ created_at }).where('id', '=', runId).execute();
    return runId;
  };

  it('wakes a run that waits for longer, and ends it with its questions taken back', async () => {
    while (bench.queue.take() !== undefined);
    const runId = await seed();
    const one = node(async ({ action }) => action('sample.set-high', { value: 'high' }), 60_000);
    await one.executor.execute(runId);
    expect(bench.queue.nextAt()).toBeLessThanOrEqual(bench.clock.now());
    await bench.pump(one);
    expect((await bench.run(runId)).status).toBe('waiting');
    expect(bench.queue.nextAt()).toBe(bench.clock.now() + 60_000);
    bench.clock.advance(60_000);
    await bench.pump(one);
    expect(await bench.run(runId)).toMatchObject(overdue);
    expect((await bench.approvals(runId)).map(({ status }) => status)).toEqual(['cancelled']);
    expect((await view(runId)).deadlineAt).toBe(new Date(bench.clock.now()).toISOString());
  });

  it('lets a write in hand end, and nothing begin after it', async () => {
    answer = async () => {
      bench.clock.advance(60_000);
      return applied();
    };
    const runId = await seed();
    await node(async ({ action }) => {
      await action('sample.set', { value: 'a' });
      return action('sample.set', { value: 'b' });
    }, 60_000).executor.execute(runId);
    expect(await bench.run(runId)).toMatchObject(overdue);
    expect(sent).toEqual(['a']);
    expect((await bench.steps(runId)).map(({ status }) => status)).toEqual(['succeeded']);
  });

  it('does not touch a run that ends in time', async () => {
    const runId = await seed();
    await node(async ({ action }) => action('sample.set', { value: 'a' }), 60_000).executor.execute(runId);
    expect((await bench.run(runId)).status).toBe('completed');
  });
});

describe('a run that fails while a write of another branch is unknown', () => {
  it('says so, and the write can still be settled', async () => {
    answer = async (value) => (value === 'lost' ? unknown : applied());
    const flow: Flow = async ({ action, step }) =>
      Promise.all([
        action('sample.set', { value: 'lost' }, { key: 'lost' }),
        step('fails', () => {
          throw new Error('no');
        }),
      ]);
    const runId = await bench.seedRun('flow');
    const one = node(flow);
    await one.executor.execute(runId);
    expect(await view(runId)).toMatchObject({ status: 'failed', unsettled: 1 });
    const [listed] = await createRunReader(bench.db).list({ tenantId: bench.tenant.tenantId, limit: 1 });
    expect(listed).toMatchObject({ id: runId, unsettled: 1 });
    await one.actions.settleByPerson({ ...ofTenant(runId), stepKey: 'lost' }, { status: 'not-applied' }, by);
    await bench.pump(one);
    expect(await view(runId)).toMatchObject({ status: 'failed', unsettled: 0 });
    expect(sent).toEqual(['lost']);
  });
});
