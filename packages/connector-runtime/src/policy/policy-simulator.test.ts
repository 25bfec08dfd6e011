import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyWorkflow } from '../runs/define-workflow.ts';
import { sampleAction, sampleManifest } from '../runs/test-manifest.ts';
import { type Bench, createBench } from '../test-run-bench.ts';
import { RuntimeError } from '../types/errors.ts';
import { createPolicySimulator, type PolicySimulator, type SimulationRequest } from './policy-simulator.ts';

type Act = { action(name: string, input: unknown): Promise<unknown> };

const actions = {
  read: sampleAction({ effect: 'read', idempotency: { mode: 'safe', resolve: false } }),
  low: sampleAction(),
  medium: sampleAction({ risk: 'medium' }),
  critical: sampleAction({ risk: 'critical' }),
};
const noLow = '@id("no-low") forbid (principal, action in Action::"low", resource);';
const openMedium = '@id("open") permit (principal, action in Action::"medium", resource);';
const byFinance = '@id("money") @approval("finance") permit (principal, action, resource) when { context.approved };';

let bench: Bench;
let simulator: PolicySimulator;
const runs: Record<string, string[]> = {};

beforeAll(async () => {
  bench = await createBench({ actions });
  const flow = (name: string): AnyWorkflow => ({
    name,
    on: 'sample.changed',
    run: (async (context: Act) => context.action(`sample.${name}`, { value: 'x' })) as AnyWorkflow['run'],
  });
  const node = bench.createNode(Object.keys(actions).map(flow));
  for (const [name, times] of Object.entries({ read: 3, low: 2, medium: 2, critical: 1 })) {
    for (let time = 0; time < times; time += 1) {
      const runId = await bench.seedRun(name);
      runs[name] = [...(runs[name] ?? []), runId];
      await node.executor.execute(runId);
    }
  }
  simulator = createPolicySimulator({
    policyTexts: async (tenantId) => ({ tenant: bench.policyTexts.get(tenantId)?.text }),
    manifests: async () => [sampleManifest(actions)],
    artifact: async (digest) => {
      if (digest !== 'sha256:new') throw new RuntimeError('ARTIFACT_UNKNOWN', `there is no artifact ${digest}`);
      return { manifest: sampleManifest({ fresh: sampleAction({ risk: 'high' }) }, 'fresh') };
    },
    db: bench.db,
    clock: { now: () => Date.now() },
  });
});
afterAll(() => bench?.close());

const simulate = (over: Partial<SimulationRequest> = {}) =>
  simulator.simulate({ tenantId: bench.tenant.tenantId, limit: 100, ...over });

describe('every action of a connector', () => {
  it('is shown with and without approval, by workflow and connection', async () => {
    const { actions: rows, changes } = await simulate({ workflow: 'triage' });
    expect(rows.map(({ action, connection, now }) => [action, connection, now.effect, now.whenApproved])).toEqual([
      ['sample.read', 'sample', 'allow', 'allow'],
      ['sample.low', 'sample', 'allow', 'allow'],
      ['sample.medium', 'sample', 'require-approval', 'allow'],
      ['sample.critical', 'sample', 'deny', 'deny'],
    ]);
    expect(rows.at(-1)?.now.policyIds).toEqual(['default.critical-writes']);
    expect(changes).toEqual({ loosened: 0, tightened: 0, rerouted: 0 });
  });

  it('is asked about for the workflows that ran, when none is named', async () => {
    const { actions: rows } = await simulate();
    expect([...new Set(rows.map(({ workflow }) => workflow))]).toEqual(['critical', 'low', 'medium', 'read']);
  });

  it('is told apart by what a text would do to it', async () => {
    const text = `${noLow}\n${openMedium}`;
    const { actions: rows, changes } = await simulate({ text, workflow: 'triage' });
    expect(rows.map(({ change }) => change)).toEqual(['none', 'tightened', 'loosened', 'none']);
    expect(changes).toEqual({ loosened: 1, tightened: 1, rerouted: 0 });
    expect((await simulate({ text: byFinance, workflow: 'triage' })).changes.rerouted).toBe(1);
  });

  it('may be one of an artifact that is not enabled', async () => {
    const { actions: rows } = await simulate({ digest: 'sha256:new', workflow: 'triage' });
    expect(rows).toMatchObject([{ action: 'fresh.fresh', connection: '(any)', now: { effect: 'require-approval' } }]);
    await expect(simulate({ connector: 'fresh' })).rejects.toMatchObject({ code: 'CONNECTOR_NOT_ENABLED' });
    await expect(simulate({ digest: 'sha256:other' })).rejects.toMatchObject({ code: 'ARTIFACT_UNKNOWN' });
  });

  it('is one of a workspace of the tenant, whose text only forbids', async () => {
    const { workspaceId } = bench.tenant;
    expect((await simulate({ workspaceId, text: noLow, workflow: 'triage' })).changes.tightened).toBe(1);
    await expect(simulate({ workspaceId, text: openMedium })).rejects.toMatchObject({ code: 'POLICY_INVALID' });
    const other = await bench.seedTenant('other');
    await expect(simulate({ workspaceId: other.workspaceId })).rejects.toMatchObject({ code: 'WORKSPACE_UNKNOWN' });
  });
});

it('looks at no more than it can, and says how much it left out', async () => {
  const many = Array.from({ length: 2_005 }, (_, index) => [`a${index}`, actions.read] as const);
  const wide = createPolicySimulator({
    policyTexts: async () => ({}),
    manifests: async () => [sampleManifest(Object.fromEntries(many))],
    artifact: async () => ({ manifest: sampleManifest({}) }),
    db: bench.db,
    clock: { now: () => Date.now() },
  });
  const { actions: rows, omittedActions } = await wide.simulate({
    tenantId: bench.tenant.tenantId,
    workflow: 'triage',
    limit: 1,
  });
  expect([rows.length, omittedActions]).toEqual([2_000, 5]);
});

describe('what ran', () => {
  it('is told as it was decided then, and as the text would decide', async () => {
    const { history } = await simulate({ days: 7, text: `${noLow}\n${openMedium}` });
    expect(history).toMatchObject({ invocations: 8, unjudged: 0, changes: { loosened: 2, tightened: 2, rerouted: 0 } });
    const groups = history?.groups.map(({ action, invocations, decided, now, proposed }) => ({
      ...{ action, invocations, decided },
      words: [now.effect, proposed.effect],
    }));
    expect(groups).toEqual([
      {
        action: 'sample.critical',
        invocations: 1,
        decided: { allowed: 0, approval: 0, denied: 1 },
        words: ['deny', 'deny'],
      },
      {
        action: 'sample.low',
        invocations: 2,
        decided: { allowed: 2, approval: 0, denied: 0 },
        words: ['allow', 'deny'],
      },
      {
        action: 'sample.medium',
        invocations: 2,
        decided: { allowed: 0, approval: 2, denied: 0 },
        words: ['require-approval', 'allow'],
      },
      {
        action: 'sample.read',
        invocations: 3,
        decided: { allowed: 3, approval: 0, denied: 0 },
        words: ['allow', 'allow'],
      },
    ]);
  });

  it('names each invocation that would be decided otherwise, page by page', async () => {
    const seen: string[] = [];
    let after: SimulationRequest['after'];
    do {
      const { history } = await simulate({ days: 7, text: noLow, limit: 1, after });
      expect(history?.changed.length).toBe(1);
      seen.push(...(history?.changed ?? []).map(({ runId, change, decided }) => `${runId} ${change} ${decided}`));
      after = history?.next ?? undefined;
    } while (after !== undefined);
    expect(seen.toSorted()).toEqual((runs.low ?? []).map((runId) => `${runId} tightened allow`).toSorted());
  });

  it('is of this tenant, of these days and of this connector only', async () => {
    const other = await bench.seedTenant('stranger');
    expect((await simulate({ tenantId: other.tenantId, days: 7 })).history?.invocations).toBe(0);
    expect((await simulate({ connector: 'sample', days: 7 })).history?.invocations).toBe(8);
    const later = createPolicySimulator({
      policyTexts: async () => ({}),
      manifests: async () => [sampleManifest(actions)],
      artifact: async () => ({ manifest: sampleManifest({}) }),
      db: bench.db,
      clock: { now: () => Date.now() + 8 * 86_400_000 },
    });
    const { history } = await later.simulate({ tenantId: bench.tenant.tenantId, days: 7, limit: 1 });
    expect(history?.invocations).toBe(0);
  });

  it('says how much could not be judged: nothing enabled has the action any more', async () => {
    const without = createPolicySimulator({
      policyTexts: async () => ({}),
      manifests: async () => [sampleManifest({ read: actions.read })],
      artifact: async () => ({ manifest: sampleManifest({}) }),
      db: bench.db,
      clock: { now: () => Date.now() },
    });
    const { history } = await without.simulate({ tenantId: bench.tenant.tenantId, days: 7, limit: 1 });
    expect(history).toMatchObject({ invocations: 8, unjudged: 5 });
  });
});

it('runs nothing and stores nothing', async () => {
  const rows = async () => [
    await bench.db.selectFrom('connector.policies').select('version').execute(),
    (await bench.db.selectFrom('connector.run_steps').select('key').execute()).length,
  ];
  const before = await rows();
  await simulate({ days: 7, text: noLow });
  expect(await rows()).toEqual(before);
});
