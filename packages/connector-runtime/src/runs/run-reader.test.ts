import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, createBench } from '../test-run-bench.ts';
import type { AnyWorkflow } from './define-workflow.ts';
import { createRunReader } from './run-reader.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
afterAll(async () => bench.close());

const flow: AnyWorkflow = {
  name: 'flow',
  on: 'sample.changed',
  run: (async ({ action }: { action(name: string, input: unknown): Promise<unknown> }) =>
    action('sample.set', { value: 'x' })) as AnyWorkflow['run'],
};

it("lists a tenant's own runs, newest first, page by page", async () => {
  const { tenantId } = bench.tenant;
  const reader = createRunReader(bench.db);
  const ids = [await bench.seedRun('flow'), await bench.seedRun('flow'), await bench.seedRun('flow')].toReversed();
  const listed = async (query: object) => (await reader.list({ tenantId, limit: 100, ...query })).map(({ id }) => id);
  expect(await listed({})).toEqual(ids);
  const [first = '', ...others] = ids;
  expect(await listed({ limit: 1 })).toEqual([first]);
  expect(await listed({ before: first })).toEqual(others);
  expect(await listed({ tenantId: (await bench.seedTenant('other')).tenantId })).toEqual([]);
});

it('shows a run with its steps, and whose it is', async () => {
  const { tenantId } = bench.tenant;
  const reader = createRunReader(bench.db);
  const runId = await bench.seedRun('flow');
  await bench.createNode([flow]).executor.execute(runId);
  expect(await reader.get(runId)).toMatchObject({
    tenantId,
    status: 'completed',
    result: { echo: { value: 'x' } },
    trigger: 'sample.changed',
    steps: [{ key: 'sample.set#1', action: 'sample.set', status: 'succeeded', attempts: 1, error: null }],
    approvals: [],
  });
  expect((await reader.list({ tenantId, limit: 9, status: 'completed' })).map(({ id }) => id)).toEqual([runId]);
  expect(await reader.get('no id')).toBeUndefined();
});
