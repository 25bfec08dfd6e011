import { setImmediate as macrotask } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../types/log.ts';
import type { Run, StepStatus } from '../types/run.ts';
import type { WorkflowContext } from './define-workflow.ts';
import { createGrants } from './grants.ts';
import { createJournal, type JournalledStep } from './journal.ts';
import { type ReplayEnd, runReplay } from './replay.ts';
import { type ContextPorts, createWorkflowContext } from './workflow-context.ts';

/** A program of branches. Each leaf is a journalled step; what a branch does next tells everything that it has seen so far. */
type Program =
  | { readonly leaf: 'step' | 'fails' | 'sleep' }
  | { readonly join: 'all' | 'race' | 'any' | 'allSettled' | 'sequence'; readonly of: readonly Program[] };

const { program } = fc.letrec<{ program: Program }>((tie) => ({
  program: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ leaf: fc.constantFrom('step', 'step', 'fails', 'sleep') }),
    fc.record({
      join: fc.constantFrom('all', 'race', 'any', 'allSettled', 'sequence'),
      of: fc.array(tie('program'), { minLength: 1, maxLength: 3 }),
    }),
  ) as fc.Arbitrary<Program>,
}));

/** What outlives a process. */
interface World {
  /** A journal that loses the order in which results came. */
  readonly forgetful?: boolean;
  readonly rows: Map<string, JournalledStep>;
  /** Keys of steps, as they were begun: with what their branch had seen. */
  readonly effects: string[];
  now: number;
}

class Crash extends Error {}

/** Runs the program once: until it ends, waits, or the process dies before its `crashAt`th commit. */
async function execute(program: Program, world: World, delays: () => number, crashAt = Number.POSITIVE_INFINITY) {
  let commits = 0;
  const commit = (work: () => void) => {
    commits += 1;
    if (commits >= crashAt) throw new Crash();
    work();
  };
  const row = (key: string, digest: string, status: StepStatus, over: Partial<JournalledStep>) => {
    world.rows.set(key, {
      key,
      kind: 'step',
      action: null,
      connectionId: null,
      digest,
      status,
      output: null,
      error: null,
      attempts: 0,
      lost: 0,
      idempotencyKey: '',
      approvalId: null,
      plannedDigest: null,
      dueAt: null,
      attemptedAt: null,
      turn: null,
      ...over,
    });
  };
  const store: ContextPorts['store'] = {
    async write(_run, { key, kind, digest, status, output = null, error = null, dueAt = null }) {
      for (let pause = delays(); pause > 0; pause -= 1) await macrotask();
      commit(() => {
        if (!world.rows.has(key)) world.effects.push(key);
        row(key, digest, status, { kind, output, error, dueAt });
      });
    },
    async tell(_run, turns) {
      for (let pause = delays(); pause > 0; pause -= 1) await macrotask();
      commit(() => {
        for (const { key, turn } of turns) {
          const told = world.rows.get(key);
          if (told !== undefined && !world.forgetful) world.rows.set(key, { ...told, turn });
        }
      });
    },
  };
  const seen: string[] = [];
  async function perform(node: Program, context: WorkflowContext, path: string): Promise<unknown> {
    if ('leaf' in node) {
      // The name of each step says what was seen before it: another order is another journal.
      const key = `${path}:${seen.length}-${hash(seen)}`;
      if (node.leaf === 'sleep') await context.sleep(key, 1_000);
      else {
        await context.step(key, async () => {
          for (let pause = delays(); pause > 0; pause -= 1) await macrotask();
          if (node.leaf === 'fails') throw new Error(path);
          return path;
        });
      }
      seen.push(path);
      return path;
    }
    const branch = (child: Program, at: number) => perform(child, context, `${path}.${at}`);
    if (node.join === 'sequence') {
      for (const [at, child] of node.of.entries()) await branch(child, at).catch(() => undefined);
      return path;
    }
    const branches = node.of.map((child, at) => branch(child, at));
    const joined = (Promise[node.join] as (all: Promise<unknown>[]) => Promise<unknown>).call(Promise, branches);
    return joined.then(
      () => void seen.push(`${path}!`),
      () => void seen.push(`${path}?`),
    );
  }

  const steps = [...world.rows.values()];
  const journal = createJournal(steps);
  const lastTurn = Math.max(0, ...steps.map(({ turn }) => turn ?? 0));
  const run = { id: 'run', workflow: 'flow', event: {} } as Run;
  const ports = { store, clock: { now: () => world.now }, log: silentLog } as unknown as ContextPorts;
  const end: ReplayEnd = await runReplay((replay) => {
    const grants = createGrants([], steps);
    const execution = { run: { ...run, version: 1, deadlineAt: undefined }, journal, grants, replay };
    const context = createWorkflowContext({ ...execution, signal: new AbortController().signal } as never, ports);
    const whole = perform(program, context, 'r').catch(() => undefined);
    return whole.then(async () => {
      // What the last step is begun with must not change any more.
      const told = [...seen];
      await context.step(`end-${hash(told)}`, () => null);
      return told;
    });
  }, lastTurn);
  return { end, left: journal.unasked() };
}

function hash(words: readonly string[]): string {
  let sum = 7;
  for (const letter of words.join(' ')) sum = (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0;
  return sum.toString(36);
}

/** Executes until it is over, with a crash where one is wanted. */
async function runToEnd(program: Program, world: World, delays: () => number, crashes: readonly number[]) {
  for (const crashAt of [...crashes, ...Array(40).fill(Number.POSITIVE_INFINITY)]) {
    try {
      const { end, left } = await execute(program, world, delays, crashAt);
      if (end.kind !== 'parked') return { end, left };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    world.now += 400;
  }
  throw new Error('it does not end');
}

describe('branches that end in any order, on nodes that die at any point', () => {
  const delays = fc.infiniteStream(fc.integer({ min: 0, max: 3 }));
  const draw = (stream: Iterator<number>) => () => stream.next().value as number;

  const replays = (forgetful: boolean) =>
    fc.asyncProperty(program, delays, fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 5 }), async (...given) => {
      const [shape, stream, crashes] = given;
      const world: World = { rows: new Map(), effects: [], now: 0, forgetful };
      const { end, left } = await runToEnd(shape, world, draw(stream[Symbol.iterator]()), crashes);
      expect(end.kind).toBe('returned');
      expect(left).toBeUndefined();
      const effects = [...world.effects];
      expect(new Set(effects).size).toBe(effects.length);
      const again = await execute(shape, world, draw(stream[Symbol.iterator]()));
      expect(again.end).toEqual(end);
      expect(world.effects.slice(0, effects.length)).toEqual(effects);
    });

  it('never diverge, and replay as they went on another node', { timeout: 120_000 }, async () => {
    await fc.assert(replays(false), { numRuns: 500 });
  });

  it('would diverge if the order of their results were forgotten', { timeout: 120_000 }, async () => {
    await expect(fc.assert(replays(true), { numRuns: 500, endOnFailure: true })).rejects.toThrow('Property failed');
  });
});
