import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { APPROVER, type Bench, createBench } from '../test-run-bench.ts';
import { createRunControl } from './run-control.ts';
import { applied, type Flow, type FlowContext, flowOf } from './test-flow.ts';
import { sampleAction } from './test-manifest.ts';

let bench: Bench;
let sent: string[] = [];

beforeAll(async () => {
  bench = await createBench({
    actions: { set: sampleAction(), 'set-high': sampleAction({ risk: 'high' }) },
    run: async ({ planned }) => {
      sent.push((planned.input as { value: string }).value);
      return applied();
    },
  });
});
afterEach(() => {
  sent = [];
});
afterAll(async () => bench.close());

const by = 'admin:dana';
const control = () => createRunControl({ ...bench, jobs: bench.queue });
const node = (run: Flow, version = 1) => bench.createNode([flowOf(run, { version })]);
const set = ({ action }: FlowContext, value: string) => action('sample.set', { value }, { key: value });

/** Deploys `run` and lets it take the run as far as it goes. */
async function deploy(runId: string, run: Flow, version?: number) {
  await node(run, version).executor.execute(runId);
  return bench.run(runId);
}

const first: Flow = async (context) => {
  await set(context, 'a');
  await context.sleep('nap', 1_000);
  await set(context, 'b');
  return context.version;
};

async function parked() {
  const runId = await bench.seedRun('flow');
  expect((await deploy(runId, first)).status).toBe('waiting');
  bench.clock.advance(1_000);
  return runId;
}

describe('a run of version 1, parked, under version 2', () => {
  it('finishes when what it did is unchanged, and sees the version that it started with', async () => {
    const runId = await parked();
    const run = await deploy(runId, async (context) => [await first(context), await set(context, 'c')][0], 2);
    expect(run).toMatchObject({ status: 'completed', result: 1, version: 1, code_version: 2 });
    expect(sent).toEqual(['a', 'b', 'c']);
  });

  it('keeps to its path by version', async () => {
    const second: Flow = async (context) => {
      if (context.version >= 2) await set(context, 'new');
      return first(context);
    };
    expect((await deploy(await parked(), second, 2)).status).toBe('completed');
    expect(sent).toEqual(['a', 'b']);
    sent = [];
    const fresh = await bench.seedRun('flow');
    await deploy(fresh, second, 2);
    expect(sent).toEqual(['new', 'a']);
  });

  it('keeps to the old path before where it had come, and takes the new one after, by patch', async () => {
    const second: Flow = async (context) => {
      if (await context.patch('early')) await set(context, 'early');
      await set(context, 'a');
      await context.sleep('nap', 1_000);
      await set(context, (await context.patch('late')) ? 'late' : 'b');
    };
    const runId = await parked();
    expect((await deploy(runId, second, 2)).status).toBe('completed');
    expect(sent).toEqual(['a', 'late']);
    const steps = await bench.steps(runId);
    expect(steps.filter(({ kind }) => kind === 'patch').map(({ key, output }) => [key, output])).toEqual([
      ['patch:early', false],
      ['patch:late', true],
    ]);
  });

  it('stops with what to do when it does not fit, and goes on exactly there once something fits', async () => {
    const runId = await parked();
    const unfit: Flow = async (context) => {
      await set(context, 'changed');
      await context.sleep('nap', 1_000);
    };
    const stopped = await deploy(runId, unfit, 2);
    expect(stopped).toMatchObject({ status: 'diverged', finished_at: null, error: { code: 'RUN_DIVERGED' } });
    expect(stopped.error?.message).toMatch(/step a: it was action sample\.set \(sha256:\w{12}\) and is not asked for/);
    expect(stopped.error?.message).toMatch(
      /asks for action sample\.set at step changed .*resume the run, or cancel it/,
    );
    // It stays so, whoever looks.
    expect((await deploy(runId, first, 3)).status).toBe('diverged');
    await control().resume({ tenantId: bench.tenant.tenantId, runId }, by);
    expect(await bench.run(runId)).toMatchObject({ status: 'queued', error: null });
    await bench.pump(node(first, 3));
    expect((await bench.run(runId)).status).toBe('completed');
    expect(sent).toEqual(['a', 'b']);
    expect(await bench.auditKinds(runId)).toContain('run.resume_requested');
  });

  it('diverges again, and nothing else, when what it is resumed under does not fit either', async () => {
    const runId = await parked();
    const unfit: Flow = async (context) => set(context, 'x');
    await deploy(runId, unfit, 2);
    await control().resume({ tenantId: bench.tenant.tenantId, runId }, by);
    expect((await deploy(runId, unfit, 2)).status).toBe('diverged');
    expect(sent).toEqual(['a']);
  });
});

describe('a patch', () => {
  it('has one answer in a run, however often it is asked for, and on every replay', async () => {
    const answers: boolean[][] = [];
    const flow: Flow = async ({ patch, sleep }) => {
      answers.push(await Promise.all([patch('x'), patch('x')]));
      await sleep('nap', 1_000);
      answers.push([await patch('x')]);
    };
    const runId = await bench.seedRun('flow');
    await deploy(runId, flow);
    bench.clock.advance(1_000);
    expect((await deploy(runId, flow)).status).toBe('completed');
    expect(answers.flat()).toEqual([true, true, true, true, true]);
  });

  it('may be taken out again under the runs that took the new path', async () => {
    const runId = await bench.seedRun('flow');
    const after: Flow = async (context) => {
      await set(context, 'new');
      await context.sleep('nap', 1_000);
    };
    await deploy(runId, async (context) => ((await context.patch('x')) ? after(context) : undefined));
    bench.clock.advance(1_000);
    expect((await deploy(runId, after)).status).toBe('completed');
    expect(sent).toEqual(['new']);
  });

  it('looks past other branches that replay', async () => {
    const runId = await bench.seedRun('flow');
    const branches = (context: FlowContext, also: () => Promise<unknown>) =>
      Promise.all([
        also(),
        set(context, 'a')
          .then(() => set(context, 'b'))
          .then(() => set(context, 'c')),
        context.sleep('nap', 1_000),
      ]);
    await deploy(runId, (context) => branches(context, async () => undefined));
    bench.clock.advance(1_000);
    const run = await deploy(runId, (context) =>
      branches(context, async () => ((await context.patch('x')) ? set(context, 'new') : undefined)),
    );
    expect(run.status).toBe('completed');
    expect(sent).toEqual(['a', 'b', 'c', 'new']);
  });
});

it('is left to newer nodes once one has worked on it', async () => {
  const runId = await bench.seedRun('flow');
  const second: Flow = async (context) => {
    await set(context, 'new');
    return first(context);
  };
  await deploy(runId, second, 2);
  bench.clock.advance(1_000);
  // An old node, in a rolling deploy, would not fit.
  expect(await deploy(runId, first, 1)).toMatchObject({ status: 'waiting', generation: 1 });
  expect((await deploy(runId, second, 2)).status).toBe('completed');
  expect(sent).toEqual(['new', 'a', 'b']);
});

describe('a question that was open when its run diverged', () => {
  const asks: Flow = async (context) => {
    await set(context, 'a');
    await context.action('sample.set-high', { value: 'high' }, { key: 'high' });
  };
  const click = (approvalId: string) => ({
    approvalId,
    decision: 'approved' as const,
    actor: APPROVER,
    tenantId: bench.tenant.tenantId,
    via: { connectionId: bench.tenant.chatId },
  });

  it('stays open, and its answer counts when the run goes on', async () => {
    const runId = await bench.seedRun('flow');
    await deploy(runId, asks);
    await deploy(runId, async (context) => set(context, 'x'), 2);
    const [question] = await bench.approvals(runId);
    expect(question?.status).toBe('requested');
    const decided = await node(asks).approvals.decide(click(question?.id ?? ''));
    expect(decided).toMatchObject({ status: 'decided' });
    expect((await deploy(runId, asks, 3)).status).toBe('diverged');
    await control().resume({ tenantId: bench.tenant.tenantId, runId }, by);
    await bench.pump(node(asks, 3));
    expect((await bench.run(runId)).status).toBe('completed');
    expect(sent).toEqual(['a', 'high']);
    expect(await bench.approvals(runId)).toHaveLength(1);
  });
});

it('resumes nothing but a diverged run of the tenant', async () => {
  const { tenantId } = bench.tenant;
  const runId = await parked();
  await expect(control().resume({ tenantId, runId }, by)).rejects.toMatchObject({ code: 'RUN_NOT_DIVERGED' });
  await deploy(runId, async (context) => set(context, 'x'), 2);
  const other = await bench.seedTenant('other');
  await expect(control().resume({ tenantId: other.tenantId, runId }, by)).rejects.toMatchObject({
    code: 'RUN_UNKNOWN',
  });
  expect((await bench.run(runId)).status).toBe('diverged');
});
