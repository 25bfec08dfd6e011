import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AnyWorkflow } from '../runs/define-workflow.ts';
import { sampleAction } from '../runs/test-manifest.ts';
import { APPROVER, type Bench, createBench } from '../test-run-bench.ts';
import type { Attempt } from '../types/run.ts';

type Act = { action(name: string, input: unknown): Promise<unknown> };

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
  expect(await bench.run(runId)).toMatchObject({ status: 'denied', error: { code: 'POLICY_DENIED' } });
  expect(sent).toEqual([]);
  bench.policyTexts.clear();
});
