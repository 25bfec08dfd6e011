import type { ManifestAction } from '@org/connector-sdk';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyWorkflow } from '../runs/define-workflow.ts';
import { sampleAction } from '../runs/test-manifest.ts';
import { type Bench, createBench } from '../test-run-bench.ts';
import { idempotencyKey } from '../types/idempotency-key.ts';
import { createCountingSaas, FATES, type Fate, type Sight } from './test-counting-saas.ts';

type Act = { action(name: string, input: unknown): Promise<unknown> };

/** One write per workflow; what the workflow does with its error is to give up. */
const flowOf = (mode: string): AnyWorkflow => ({
  name: mode,
  on: 'sample.changed',
  run: (async ({ action }: Act) => action(`sample.${mode}`, { value: 'x' })) as AnyWorkflow['run'],
});

const write = (idempotency: ManifestAction['idempotency']) => sampleAction({ idempotency });
const actions = {
  marker: write({ mode: 'marker', settleSeconds: 60, resolve: true }),
  none: write({ mode: 'none', resolve: false }),
  // The SaaS of this test is not idempotent at all: a connector that claims so is the broken variant.
  liar: write({ mode: 'natural', resolve: false }),
};

let bench: Bench;
let saas: ReturnType<typeof createCountingSaas>;
let workflows: AnyWorkflow[];

beforeAll(async () => {
  bench = await createBench({
    actions,
    run: (attempt) => saas.run(attempt),
    resolve: (attempt) => saas.resolve(attempt),
  });
  saas = createCountingSaas(bench.db, bench.clock);
  workflows = Object.keys(actions).map(flowOf);
});
afterAll(async () => bench.close());

/** Drives one run, a fresh process each time, until it is over or only a person can go on. Gives what can be seen of it. */
async function drive(mode: keyof typeof actions, fates: readonly Fate[], sights: readonly Sight[]) {
  saas.script(fates, sights);
  const runId = await bench.seedRun(mode);
  const paused: Promise<void>[] = [];
  for (let round = 0; round < 40; round += 1) {
    const asleep = saas.asleep();
    const stop = saas.nextStop();
    const execution = bench.createNode(workflows).executor.execute(runId);
    await Promise.race([execution, stop]);
    if (saas.asleep() > asleep) paused.push(execution);
    // Who was paused before this process took over wakes now.
    else if (asleep > 0) await saas.wake();
    const { status } = await bench.run(runId);
    if (status !== 'running' && status !== 'waiting') break;
    const dueAt = status === 'running' ? bench.clock.now() + 10_000 : await nextDue(runId);
    if (dueAt === undefined) break;
    bench.clock.advance(Math.max(0, dueAt - bench.clock.now()));
  }
  await saas.wake();
  await Promise.all(paused);
  const [step] = await bench.steps(runId);
  const key = idempotencyKey(runId, `sample.${mode}#1`);
  return { status: step?.status, effects: saas.effects.filter((effect) => effect.key === key).length };
}

async function nextDue(runId: string): Promise<number | undefined> {
  const due = (await bench.steps(runId)).map(({ due_at }) => due_at?.getTime()).filter((time) => time !== undefined);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** The promise: at most one effect; and what the journal says is so, or it says that it does not know. */
function broken({ status, effects }: Awaited<ReturnType<typeof drive>>): string | undefined {
  if (effects > 1) return `took effect ${effects} times`;
  if (status === 'succeeded' && effects !== 1) return 'succeeded without an effect';
  if (status === 'failed' && effects !== 0) return 'failed, and yet took effect';
  if (status !== 'succeeded' && status !== 'failed' && status !== 'unknown') return `was left ${status}`;
  if (saas.unannounced.length > 0) return `took effect before its intent was audited`;
  return undefined;
}

const fates = fc.array(fc.constantFrom(...FATES), { minLength: 1, maxLength: 5 });
const sights = fc.array(fc.constantFrom<Sight>('sees', 'sees', 'is-blind', 'breaks'), { maxLength: 4 });

describe('a write', () => {
  it.each(['marker', 'none'] as const)(
    'with mode %s takes effect at most once, whatever happens to it',
    async (mode) => {
      await fc.assert(
        fc.asyncProperty(fates, sights, async (script, looks) => {
          expect(broken(await drive(mode, script, looks))).toBeUndefined();
        }),
        { numRuns: 40, endOnFailure: true },
      );
    },
    120_000,
  );

  it.each(FATES)('that %s is settled or visibly unknown', async (fate) => {
    for (const mode of ['marker', 'none'] as const) {
      expect(broken(await drive(mode, [fate], []))).toBeUndefined();
    }
  });

  it('whose reply was lost is found, and not sent again', async () => {
    expect(await drive('marker', ['reply-lost'], [])).toEqual({ status: 'succeeded', effects: 1 });
  });

  it('that commits at 59 s is not taken for lost before', async () => {
    expect(await drive('marker', ['commits-late'], [])).toEqual({ status: 'succeeded', effects: 1 });
  });

  it('that never arrived is sent again once its absence proves that', async () => {
    expect(await drive('marker', ['request-lost'], [])).toEqual({ status: 'succeeded', effects: 1 });
  });

  it('that nobody can look up waits for a person', async () => {
    expect(await drive('none', ['request-lost'], [])).toEqual({ status: 'unknown', effects: 0 });
    expect(await drive('marker', ['reply-lost'], Array(9).fill('is-blind'))).toEqual({ status: 'unknown', effects: 1 });
  });
});

describe('the checker', () => {
  it('catches a connector that is resent on an unknown outcome', async () => {
    expect(broken(await drive('liar', ['reply-lost'], []))).toBe('took effect 2 times');
    const found = await fc.check(
      fc.asyncProperty(fates, async (script) => broken(await drive('liar', script, [])) === undefined),
      { numRuns: 40, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});
