import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyWorkflow, PlannedStep, WorkflowContext } from '../runs/define-workflow.ts';
import { sampleAction } from '../runs/test-manifest.ts';
import { APPROVER, type Bench, createBench } from '../test-run-bench.ts';
import type { Attempt } from '../types/run.ts';
import type { Click } from './click.ts';

interface Context extends Omit<WorkflowContext, 'action' | 'plan'> {
  action(name: string | PlannedStep, input?: unknown, options?: { key?: string }): Promise<unknown>;
  plan(name: string, input: unknown, options?: object): PlannedStep;
}

let bench: Bench;
const sent: Attempt[] = [];

beforeAll(async () => {
  bench = await createBench({
    actions: { set: sampleAction(), 'set-high': sampleAction({ risk: 'high' }) },
    run: async (attempt) => {
      sent.push(attempt);
      return { status: 'applied', output: {}, http: [] };
    },
  });
});
afterAll(async () => bench.close());

const high = (value: string) => ['sample.set-high', { value }] as const;

/** Asks, then does what was asked. */
const asking = async ({ plan, approval, action }: Context) => {
  const step = plan(...high('x'), { facts: [{ name: 'Group', value: 'Network → Database' }] });
  const { actor } = await approval({ title: 'Move it?', reason: 'It looks right.', actions: [step] });
  await action(step);
  return actor;
};

function flow(run: (context: Context) => Promise<unknown>): readonly AnyWorkflow[] {
  return [{ name: 'flow', on: 'sample.changed', run: run as AnyWorkflow['run'] }];
}

/** A run that waits for a person, with the question it asked. */
async function ask(run: (context: Context) => Promise<unknown> = asking) {
  sent.length = 0;
  const runId = await bench.seedRun('flow');
  const node = bench.createNode(flow(run));
  await node.executor.execute(runId);
  await bench.pump(node);
  const approval = (await bench.approvals(runId)).at(-1);
  if (approval === undefined) throw new Error('nothing was asked');
  return { runId, node, approval };
}

function click(approvalId: string, changes: Partial<Click> = {}): Click {
  const { tenantId, chatId } = bench.tenant;
  return { tenantId, approvalId, decision: 'approved', actor: APPROVER, via: { connectionId: chatId }, ...changes };
}

describe('an approval', () => {
  it('lets what was shown run, once, and posts the decision back', async () => {
    const { runId, node, approval } = await ask();
    expect(bench.posted.at(-1)?.approvalId).toBe(approval.id);
    expect(await node.approvals.decide(click(approval.id))).toEqual({ status: 'decided', runId });
    await bench.pump(node);
    expect(await bench.run(runId)).toMatchObject({ status: 'completed', result: APPROVER });
    expect(sent).toHaveLength(1);
    expect(bench.updated.at(-1)).toEqual({ approvalId: approval.id, decision: 'approved' });
    expect(await bench.auditKinds(runId)).toEqual([
      'run.started',
      'approval.requested',
      'run.waiting',
      'approval.sent',
      'approval.decided',
      'run.resumed',
      'action.intended',
      'action.applied',
      'run.completed',
      'approval.updated',
    ]);
  });

  it('shows the facts of the workflow and every field that will be sent', async () => {
    const { approval } = await ask();
    expect(approval.request).toMatchObject({
      title: 'Move it?',
      requestedBy: 'workflow:flow',
      actions: [
        {
          risk: 'high',
          facts: [
            { name: 'Group', value: 'Network → Database' },
            { name: 'value', value: 'x' },
          ],
        },
      ],
    });
  });

  it('ends the run as denied when a person says no, and nothing is written', async () => {
    const { runId, node, approval } = await ask();
    await node.approvals.decide(click(approval.id, { decision: 'denied' }));
    await bench.pump(node);
    expect(await bench.run(runId)).toMatchObject({ status: 'denied', error: { code: 'APPROVAL_DENIED' } });
    expect(sent).toHaveLength(0);
  });

  it('is asked for by policy itself when the workflow just acts', async () => {
    const { runId, node, approval } = await ask(async ({ action }) => action(...high('x')));
    expect(approval.step_key).toBe('sample.set-high#1');
    await node.approvals.decide(click(approval.id));
    await bench.pump(node);
    expect((await bench.run(runId)).status).toBe('completed');
    expect(sent).toHaveLength(1);
    const denied = await ask(async ({ action }) => action(...high('x')));
    await denied.node.approvals.decide(click(denied.approval.id, { decision: 'denied' }));
    await bench.pump(denied.node);
    expect(await bench.run(denied.runId)).toMatchObject({ status: 'denied', error: { code: 'APPROVAL_DENIED' } });
  });

  it('is posted once, and under one key when the post is repeated after a crash', async () => {
    const { node, approval } = await ask();
    const before = bench.posted.length;
    await node.approvals.sendRequest(approval.id);
    expect(bench.posted).toHaveLength(before);
    await bench.db.updateTable('connector.approvals').set({ ref: null }).where('id', '=', approval.id).execute();
    await node.approvals.sendRequest(approval.id);
    const keys = bench.posted.filter(({ approvalId }) => approvalId === approval.id).map((post) => post.idempotencyKey);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  it('needs a rule: without one nobody is asked and nothing is written', async () => {
    const rule = bench.rule();
    bench.setRule('default', undefined);
    const runId = await bench.seedRun('flow');
    await bench.createNode(flow(asking)).executor.execute(runId);
    bench.setRule('default', rule);
    expect(await bench.run(runId)).toMatchObject({ status: 'failed', error: { code: 'APPROVAL_RULE_MISSING' } });
  });
});

describe('a question that outlives its run', () => {
  const impatient = async ({ plan, approval, sleep }: Context) =>
    Promise.race([
      approval({ title: 'Move it?', reason: '', actions: [plan(...high('x'))] }),
      sleep('patience', 60_000).then(() => 'gave up'),
    ]);

  it('is taken back, and a click on it decides nothing', async () => {
    const { runId, node, approval } = await ask(impatient);
    bench.clock.advance(60_000);
    await bench.pump(node);
    expect(await bench.run(runId)).toMatchObject({ status: 'completed', result: 'gave up' });
    expect(bench.updated.at(-1)).toEqual({ approvalId: approval.id, decision: 'cancelled' });
    expect((await node.approvals.decide(click(approval.id))).status).toBe('already-decided');
  });

  it('can not be answered even before it is taken back', async () => {
    const { runId, node, approval } = await ask(impatient);
    await bench.db.updateTable('connector.runs').set({ status: 'cancelled' }).where('id', '=', runId).execute();
    expect((await node.approvals.decide(click(approval.id))).status).toBe('already-decided');
    expect((await bench.approvals(runId)).map(({ status }) => status)).toEqual(['requested']);
  });
});

describe('pitfall 16: many clicks', () => {
  it('takes one of 50 decisions made at once', async () => {
    const { runId, node, approval } = await ask();
    const clicks = Array.from({ length: 50 }, (_, at) =>
      node.approvals.decide(click(approval.id, { decision: at % 2 === 0 ? 'approved' : 'denied' })),
    );
    const results = await Promise.all(clicks);
    expect(results.filter(({ status }) => status === 'decided')).toHaveLength(1);
    expect(results.filter(({ status }) => status === 'already-decided')).toHaveLength(49);
    expect((await bench.auditKinds(runId)).filter((kind) => kind === 'approval.decided')).toHaveLength(1);
    await bench.pump(node);
    expect(sent.length).toBeLessThanOrEqual(1);
  });
});

describe('pitfall 17: state in memory', () => {
  it('takes the first click after a restart, and no second one', async () => {
    const { runId, approval } = await ask();
    const restarted = bench.createNode(flow(asking));
    expect((await restarted.approvals.decide(click(approval.id))).status).toBe('decided');
    const again = bench.createNode(flow(asking));
    expect(await again.approvals.decide(click(approval.id, { decision: 'denied' }))).toMatchObject({
      status: 'already-decided',
      code: 'APPROVAL_ALREADY_DECIDED',
    });
    await bench.pump(again);
    expect((await bench.run(runId)).status).toBe('completed');
  });
});

describe('pitfall 18: who clicked', () => {
  it.each([
    ['a guest', 'chat:T1/U-guest'],
    ['the same user id of another team', 'chat:T2/U1'],
    ['nobody', ''],
    ['the team alone', 'chat:T1'],
  ])('refuses %s, and audits it', async (_who, actor) => {
    const { runId, node, approval } = await ask();
    expect(await node.approvals.decide(click(approval.id, { actor }))).toEqual({
      status: 'refused',
      code: 'APPROVAL_ACTOR_NOT_ALLOWED',
    });
    await bench.pump(node);
    expect((await bench.run(runId)).status).toBe('waiting');
    expect(await bench.auditKinds(runId)).toContain('approval.refused');
    expect(sent).toHaveLength(0);
  });

  it('reads an empty approver list as nobody, an administrator included', async () => {
    await withApprovers([], async () => {
      const { node, approval } = await ask();
      for (const by of [click(approval.id), click(approval.id, { actor: 'admin:root', via: { admin: true } })]) {
        expect(await node.approvals.decide(by)).toMatchObject({ code: 'APPROVAL_ACTOR_NOT_ALLOWED' });
      }
    });
  });

  it('refuses who was removed after the question was asked', async () => {
    const { node, approval } = await ask();
    await withApprovers(['chat:T1/U9'], async () => {
      expect(await node.approvals.decide(click(approval.id))).toMatchObject({ code: 'APPROVAL_ACTOR_NOT_ALLOWED' });
      expect((await node.approvals.decide(click(approval.id, { actor: 'chat:T1/U9' }))).status).toBe('decided');
    });
  });

  it('refuses the requester', async () => {
    const { node, approval } = await ask(async ({ plan, approval }) =>
      approval({ title: 'Mine', reason: 'I want it', requestedBy: APPROVER, actions: [plan(...high('x'))] }),
    );
    expect(await node.approvals.decide(click(approval.id))).toMatchObject({ code: 'APPROVAL_ACTOR_NOT_ALLOWED' });
  });

  it("refuses another tenant's click, and one through another connection", async () => {
    const { runId, node, approval } = await ask();
    const other = await bench.seedTenant(`other-${approval.id}`);
    const clicks: Partial<Click>[] = [
      { tenantId: other.tenantId, via: { connectionId: other.chatId } },
      { tenantId: other.tenantId },
      { via: { connectionId: other.chatId } },
      { via: { connectionId: bench.tenant.sampleId } },
      { via: {} },
    ];
    for (const changes of clicks) {
      expect(await node.approvals.decide(click(approval.id, changes))).toEqual({
        status: 'refused',
        code: 'APPROVAL_UNKNOWN',
      });
    }
    expect((await bench.run(runId)).status).toBe('waiting');
  });

  it('refuses an id that is none', async () => {
    const { node } = await ask();
    for (const id of ['', 'x', "' or 1=1", '\0', 'ffffffff-ffff-ffff-ffff-ffffffffffff']) {
      expect(await node.approvals.decide(click(id))).toMatchObject({ code: 'APPROVAL_UNKNOWN' });
    }
  });

  async function withApprovers(approvers: readonly string[], work: () => Promise<void>): Promise<void> {
    const rule = bench.rule();
    bench.setRule('default', { ...rule, approvers });
    try {
      await work();
    } finally {
      bench.setRule('default', rule);
    }
  }
});

describe('pitfall 19: reply addresses that die', () => {
  it('shows a decision at minute 31 by the reference that was stored with the message', async () => {
    const { runId, node, approval } = await ask();
    bench.clock.advance(31 * 60_000);
    await node.approvals.decide(click(approval.id));
    const refs: unknown[] = [];
    const later = bench.createNode(flow(asking), {
      async updateApproval(_channel, ref) {
        refs.push(ref);
      },
    });
    await bench.pump(later);
    expect(refs).toEqual([(await bench.approvals(runId))[0]?.ref]);
    expect(refs[0]).toEqual({ ts: expect.any(String) });
  });
});

describe('pitfall 20: what runs is what was shown', () => {
  it('does not carry a yes over to an input that was changed after display', async () => {
    const { runId, node, approval } = await ask(async ({ plan, approval, action }) => {
      await approval({ title: 'Move it?', reason: '', actions: [plan(...high('shown'))] });
      return action(...high('something else'));
    });
    await node.approvals.decide(click(approval.id));
    await bench.pump(node);
    expect((await bench.run(runId)).status).toBe('waiting');
    expect(sent).toHaveLength(0);
    expect((await bench.approvals(runId)).map(({ status }) => status)).toEqual(['approved', 'requested']);
  });

  it('plans a copy: an object changed afterwards changes nothing', async () => {
    const { runId, node, approval } = await ask(async ({ plan, approval, action }) => {
      const input = { value: 'shown' };
      const step = plan('sample.set-high', input);
      await approval({ title: 'Move it?', reason: '', actions: [step] });
      input.value = 'changed';
      expect(() => Object.assign(step.input as object, { value: 'changed' })).toThrow(TypeError);
      return action(step);
    });
    await node.approvals.decide(click(approval.id));
    await bench.pump(node);
    expect((await bench.run(runId)).status).toBe('completed');
    expect(sent.map(({ planned }) => planned.input)).toEqual([{ value: 'shown' }]);
  });

  it('lets one yes be used by one step', async () => {
    const { runId, node, approval } = await ask(async ({ plan, approval, action }) => {
      const step = plan(...high('x'));
      await approval({ title: 'Once', reason: '', actions: [step] });
      return Promise.all([action(step), action(step), action(step)]);
    });
    await node.approvals.decide(click(approval.id));
    await bench.pump(node);
    expect(sent).toHaveLength(1);
    expect((await bench.run(runId)).status).toBe('waiting');
    await bench.createNode(flow(asking));
    await node.executor.execute(runId);
    expect(sent).toHaveLength(1);
  });

  it('asks again, and cancels the old question, when the connector was upgraded while it waited', async () => {
    const { runId, node, approval } = await ask();
    bench.artifact.digest = 'sha256:upgraded';
    await node.executor.execute(runId);
    await bench.pump(node);
    const [old, fresh] = await bench.approvals(runId);
    expect([old?.status, fresh?.status]).toEqual(['cancelled', 'requested']);
    expect(bench.updated).toContainEqual({ approvalId: approval.id, decision: 'cancelled' });
    expect(await node.approvals.decide(click(approval.id))).toMatchObject({ status: 'already-decided' });
    await node.approvals.decide(click(fresh?.id ?? ''));
    await bench.pump(node);
    bench.artifact.digest = 'sha256:one';
    expect((await bench.run(runId)).status).toBe('completed');
    expect(sent).toHaveLength(1);
  });

  it('wants a new yes when the connector was upgraded after the first one', async () => {
    const { runId, node, approval } = await ask();
    await node.approvals.decide(click(approval.id));
    bench.artifact.digest = 'sha256:upgraded';
    await bench.pump(node);
    bench.artifact.digest = 'sha256:one';
    expect((await bench.run(runId)).status).toBe('waiting');
    expect(sent).toHaveLength(0);
  });

  it('expires: a late click is refused and the run ends as denied', async () => {
    const { runId, node, approval } = await ask();
    await node.approvals.expire(approval.id);
    expect((await node.approvals.get(bench.tenant.tenantId, approval.id))?.status).toBe('requested');
    bench.clock.advance(3_600_000);
    expect(await node.approvals.decide(click(approval.id))).toMatchObject({ code: 'APPROVAL_EXPIRED' });
    await bench.pump(node);
    expect(await bench.run(runId)).toMatchObject({ status: 'denied', error: { code: 'APPROVAL_EXPIRED' } });
    expect(await node.approvals.decide(click(approval.id))).toMatchObject({ code: 'APPROVAL_EXPIRED' });
    expect(bench.updated.at(-1)).toEqual({ approvalId: approval.id, decision: 'expired' });
  });
});
