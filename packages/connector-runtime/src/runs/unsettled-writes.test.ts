import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, createBench } from '../test-run-bench.ts';
import type { AnyWorkflow } from './define-workflow.ts';
import { createRunReader } from './run-reader.ts';
import { sampleAction } from './test-manifest.ts';

let bench: Bench;
beforeAll(async () => {
  const error = { code: 'SAMPLE_FAILED', message: 'scripted' };
  bench = await createBench({
    actions: {
      marked: sampleAction({ idempotency: { mode: 'marker', settleSeconds: 10, resolve: true } }),
      none: sampleAction({ idempotency: { mode: 'none', resolve: false } }),
    },
    run: async () => ({ status: 'unknown', error, http: [] }),
  });
});
afterAll(async () => bench.close());

const flow = (action: string): AnyWorkflow => ({
  name: action,
  on: 'sample.changed',
  run: (async (context: { action(name: string, input: unknown): Promise<unknown> }) =>
    context.action(`sample.${action}`, { value: 'private' })) as AnyWorkflow['run'],
});

it('lists what nobody knows, oldest first, with where it went, how often it was looked for, and who goes on', async () => {
  const { tenantId, sampleId } = bench.tenant;
  const reader = createRunReader(bench.db);
  const execute = (runId: string) => bench.createNode(['marked', 'none'].map(flow)).executor.execute(runId);
  const list = async () => reader.unsettled({ tenantId, limit: 100 });

  const [first, second] = [await bench.seedRun('marked'), await bench.seedRun('none')];
  await execute(first);
  bench.clock.advance(1000);
  await execute(second);
  const connection = { id: sampleId, name: 'sample' };
  expect(await list()).toMatchObject([
    { runId: first, stepKey: 'sample.marked#1', action: 'sample.marked', connection, looks: 0, next: 'wait' },
    { runId: second, stepKey: 'sample.none#1', attempts: 1, dueAt: null, looks: 0, next: 'settle' },
  ]);
  const [{ dueAt = null, idempotencyKey } = { idempotencyKey: '' }] = await list();
  expect(idempotencyKey).not.toBe('');

  bench.clock.advance(Date.parse(dueAt ?? '') - bench.clock.now());
  await execute(first);
  expect(await list()).toMatchObject([{ runId: first, looks: 1, next: 'wait' }, { looks: 0 }]);

  // Nobody works on a run that is over, whatever its step was due for.
  const finished_at = new Date(bench.clock.now());
  await bench.db.updateTable('connector.runs').set({ status: 'failed', finished_at }).where('id', '=', first).execute();
  expect(await list()).toMatchObject([{ runId: first, runStatus: 'failed', dueAt: null, next: 'settle' }, {}]);

  expect(await reader.unsettled({ tenantId, limit: 1 })).toHaveLength(1);
  expect(JSON.stringify(await list())).not.toContain('private');
  const stranger = await bench.seedTenant('stranger');
  expect(await reader.unsettled({ tenantId: stranger.tenantId, limit: 100 })).toEqual([]);
});
