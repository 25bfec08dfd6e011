import type { AnyWorkflow } from '../runs/define-workflow.ts';
import { sampleAction } from '../runs/test-manifest.ts';
import { createBench } from '../test-run-bench.ts';
import type { ApprovalRule } from '../types/approval-rule.ts';

type Act = { action(name: string, input: unknown): Promise<unknown> };

export const workflow: AnyWorkflow = {
  name: 'flow',
  on: 'sample.changed',
  run: (async ({ action }: Act) => action('sample.set-high', { value: 'x' })) as AnyWorkflow['run'],
};

/** A bench on which every run of {@link workflow} has to ask. */
export async function createAskingBench() {
  const bench = await createBench({ actions: { 'set-high': sampleAction({ risk: 'high' }) } });
  const base = bench.rule();
  return {
    bench,
    /** A run that waits under the bench's rule with these changes. */
    async ask(changes: Partial<ApprovalRule>) {
      bench.setRule('default', { ...base, ...changes });
      const runId = await bench.seedRun('flow');
      const node = bench.createNode([workflow]);
      await node.executor.execute(runId);
      await bench.pump(node);
      const approval = (await bench.approvals(runId)).at(-1);
      if (approval === undefined) throw new Error('nothing was asked');
      const kinds = async (kind: string) => (await bench.auditKinds(runId)).filter((one) => one === kind).length;
      return { runId, node, approval, kinds };
    },
  };
}
