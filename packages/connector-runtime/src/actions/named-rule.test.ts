import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AnyWorkflow, ApprovalQuestion, PlannedStep } from '../runs/define-workflow.ts';
import { sampleAction } from '../runs/test-manifest.ts';
import { APPROVER, type Bench, createBench } from '../test-run-bench.ts';
import type { Attempt } from '../types/run.ts';

interface Act {
  action(step: string | PlannedStep, input?: unknown): Promise<unknown>;
  plan(name: string, input: unknown): PlannedStep;
  approval(question: ApprovalQuestion): Promise<unknown>;
}

let bench: Bench;
const sent: Attempt[] = [];
const text = '@id("money") @approval("finance") permit (principal, action, resource) when { context.approved };';

beforeAll(async () => {
  bench = await createBench({
    actions: { pay: sampleAction({ risk: 'medium' }) },
    run: async (attempt) => {
      sent.push(attempt);
      return { status: 'applied', output: {}, http: [] };
    },
  });
});
afterAll(() => bench?.close());

const workflow: AnyWorkflow = {
  name: 'pay',
  on: 'sample.changed',
  run: (async (context: Act) => context.action('sample.pay', { value: 'x' })) as AnyWorkflow['run'],
};

it('an approval rule that policy names and nobody has made: nobody else is asked, and nothing is sent', async () => {
  bench.policyTexts.set(bench.tenant.tenantId, { version: 1, text });
  const runId = await bench.seedRun('pay');
  await bench.createNode([workflow]).executor.execute(runId);
  expect(await bench.run(runId)).toMatchObject({ status: 'failed', error: { code: 'APPROVAL_RULE_MISSING' } });
  expect(await bench.approvals(runId)).toEqual([]);
  expect(sent).toEqual([]);
  bench.policyTexts.clear();
});

it('a yes of others, given before policy named a rule, sends nothing', async () => {
  const runId = await bench.seedRun('pay');
  const node = bench.createNode([workflow]);
  await node.executor.execute(runId);
  const [approval] = await bench.approvals(runId);
  expect(approval?.status).toBe('requested');
  const click = { tenantId: bench.tenant.tenantId, approvalId: approval?.id ?? '', decision: 'approved' as const };
  await node.approvals.decide({ ...click, actor: APPROVER, via: { connectionId: bench.tenant.chatId } });
  bench.policyTexts.set(bench.tenant.tenantId, { version: 1, text });
  await bench.createNode([workflow]).executor.execute(runId);
  expect(await bench.run(runId)).toMatchObject({ status: 'failed', error: { code: 'APPROVAL_RULE_MISSING' } });
  expect(sent).toEqual([]);
  bench.policyTexts.clear();
});

it('the rule that policy names is asked, also after the yes of others, and its people alone can say yes', async () => {
  const runId = await bench.seedRun('pay');
  const node = bench.createNode([workflow]);
  await node.executor.execute(runId);
  const [first] = await bench.approvals(runId);
  const click = {
    tenantId: bench.tenant.tenantId,
    decision: 'approved',
    via: { connectionId: bench.tenant.chatId },
  } as const;
  await node.approvals.decide({ ...click, approvalId: first?.id ?? '', actor: APPROVER });
  bench.policyTexts.set(bench.tenant.tenantId, { version: 1, text });
  bench.setRule('finance', { ...bench.rule(), approvers: ['chat:T1/UF'] });
  const later = bench.createNode([workflow]);
  await later.executor.execute(runId);
  const asked = (await bench.approvals(runId)).at(-1);
  expect(asked).toMatchObject({ rule: 'finance', status: 'requested', approvers: ['chat:T1/UF'] });
  const again = { ...click, approvalId: asked?.id ?? '' };
  expect(await later.approvals.decide({ ...again, actor: APPROVER })).toMatchObject({
    code: 'APPROVAL_ACTOR_NOT_ALLOWED',
  });
  expect(await later.approvals.decide({ ...again, actor: 'chat:T1/UF' })).toMatchObject({ status: 'decided' });
  await bench.pump(later);
  expect((await bench.run(runId)).status).toBe('completed');
  expect(sent).toHaveLength(1);
  bench.policyTexts.clear();
  bench.setRule('finance', undefined);
});

it('a workflow that asks under the rule that policy names asks once', async () => {
  bench.policyTexts.set(bench.tenant.tenantId, { version: 1, text });
  bench.setRule('finance', { ...bench.rule(), approvers: ['chat:T1/UF'] });
  const asking: AnyWorkflow = {
    ...workflow,
    run: (async ({ plan, approval, action }: Act) => {
      const step = plan('sample.pay', { value: 'x' });
      await approval({ title: 'Pay?', reason: 'It is due.', actions: [step], rule: 'finance' });
      return action(step);
    }) as AnyWorkflow['run'],
  };
  const runId = await bench.seedRun('pay');
  const node = bench.createNode([asking]);
  await node.executor.execute(runId);
  const [asked] = await bench.approvals(runId);
  const { tenantId, chatId } = bench.tenant;
  const click = { tenantId, approvalId: asked?.id ?? '', decision: 'approved', via: { connectionId: chatId } } as const;
  expect(await node.approvals.decide({ ...click, actor: APPROVER })).toMatchObject({ status: 'refused' });
  expect(await node.approvals.decide({ ...click, actor: 'chat:T1/UF' })).toMatchObject({ status: 'decided' });
  sent.length = 0;
  await bench.pump(bench.createNode([asking]));
  expect((await bench.run(runId)).status).toBe('completed');
  expect(sent).toHaveLength(1);
  expect(await bench.approvals(runId)).toHaveLength(1);
  bench.policyTexts.clear();
  bench.setRule('finance', undefined);
});

it('an answer is told with the rule that people were asked under, whatever is asked for now', async () => {
  const ask = (node: ReturnType<Bench['createNode']>, runId: string, rule?: string) =>
    bench.run(runId).then((run) =>
      node.approvals.request({
        run: { ...run, tenantId: run.tenant_id, workspaceId: run.workspace_id } as never,
        step: {
          key: 'approval#1',
          kind: 'approval',
          digest: 'd',
          action: null,
          connectionId: null,
          input: null,
          idempotencyKey: '',
        },
        title: 'Pay?',
        reason: '',
        context: [],
        actions: [],
        ...(rule === undefined ? {} : { rule }),
      }),
    );
  const runId = await bench.seedRun('pay');
  const node = bench.createNode([workflow]);
  const { approvalId, rule } = await ask(node, runId);
  expect(rule).toBe('default');
  const { tenantId, chatId: connectionId } = bench.tenant;
  await node.approvals.decide({ tenantId, approvalId, decision: 'approved', actor: APPROVER, via: { connectionId } });
  bench.setRule('finance', { ...bench.rule(), approvers: ['chat:T1/UF'] });
  expect(await ask(node, runId, 'finance')).toMatchObject({ approvalId, status: 'approved', rule: 'default' });
  bench.setRule('finance', undefined);
});
