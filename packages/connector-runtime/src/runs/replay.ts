import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as macrotask } from 'node:timers/promises';
import type { Divergence } from './journal.ts';

/** How far one operation of a workflow came. */
export type Progress<T> =
  | { readonly value: T }
  /** The workflow may catch it. */
  | { readonly error: Error }
  /** For a person, or a time (milliseconds since 1970). */
  | { readonly waits: { readonly dueAt?: number } };

/** How one execution of a run ended. */
export type ReplayEnd =
  | { readonly kind: 'returned'; readonly result: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'parked'; readonly dueAt: number | undefined }
  | { readonly kind: 'diverged'; readonly divergence: Divergence }
  /** Its deadline passed before it asked for something new. */
  | { readonly kind: 'overdue' };

export interface Replay {
  /** An operation of the workflow. What `work` throws ends the execution, like `end`; the workflow never sees it. */
  operate<T>(work: () => Promise<Progress<T>>): Promise<T>;
  /** Nothing more is begun. The execution ends once what is under way has come to its end and is journalled. */
  end(end: ReplayEnd): void;
  /** Resolves once every operation that can go on by itself has done so. */
  settled(): Promise<void>;
}

/**
 * Runs a workflow function until it returns, throws, or every branch of it waits. Then whatever still waits is dropped: its
 * promises never settle, nothing refers to them, and the journal holds all there is to know.
 */
export function runReplay(workflow: (replay: Replay) => Promise<unknown>): Promise<ReplayEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<ReplayEnd>();
  const dueTimes: (number | undefined)[] = [];
  let active = 0;
  let ended = false;
  let outcome: ReplayEnd | undefined;
  let cut: ReplayEnd | undefined;
  let failure: { readonly error: unknown } | undefined;
  const isHalted = () => failure !== undefined || cut !== undefined;

  const finish = (act: () => void) => {
    if (ended) return;
    ended = true;
    act();
  };

  /** After a macrotask nothing is on its way any more: what could go on has begun its next operation. */
  const checkIdle = async () => {
    await macrotask();
    if (active > 0) return;
    const reached = cut ?? outcome;
    if (failure !== undefined) {
      const { error } = failure;
      finish(() => reject(error));
    } else if (reached !== undefined) {
      finish(() => resolve(reached));
    } else if (dueTimes.length > 0) {
      finish(() => resolve({ kind: 'parked', dueAt: earliest(dueTimes) }));
    }
  };
  const conclude = (reached: ReplayEnd) => {
    outcome ??= reached;
    void checkIdle();
  };

  const replay: Replay = {
    operate<T>(work: () => Promise<Progress<T>>): Promise<T> {
      const operation = new Promise<T>((settle, refuse) => {
        if (ended || isHalted()) return;
        active += 1;
        work().then(
          (progress) => {
            active -= 1;
            // What is not told to the workflow is told on its next replay.
            if (!isHalted()) {
              if ('value' in progress) settle(progress.value);
              else if ('error' in progress) refuse(progress.error);
              else dueTimes.push(progress.waits.dueAt);
            }
            void checkIdle();
          },
          (error: unknown) => {
            active -= 1;
            failure ??= { error };
            void checkIdle();
          },
        );
      });
      // A branch that the workflow gave up on may still fail: that is not this process's problem.
      operation.catch(() => undefined);
      return operation;
    },
    end(end) {
      cut ??= end;
    },
    settled: () => macrotask(),
  };

  const stray: StrayRejection = (error) => conclude({ kind: 'threw', error });
  catchStrayRejections();
  currentRun.run(stray, () => {
    // `async`, so that what a workflow throws before its first await is its result like any other.
    (async () => workflow(replay))().then(
      (result) => conclude({ kind: 'returned', result }),
      (error: unknown) => conclude({ kind: 'threw', error }),
    );
  });
  return promise;
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

type StrayRejection = (error: unknown) => void;

const currentRun = new AsyncLocalStorage<StrayRejection>();
let catching = false;

/** A workflow's branch that nobody awaits fails its own run. Node would end the process, and with it every other run. */
function catchStrayRejections(): void {
  if (catching) return;
  catching = true;
  process.on('unhandledRejection', failItsRun);
}

function failItsRun(error: unknown): void {
  const stray = currentRun.getStore();
  if (stray !== undefined) stray(error);
  // Not a workflow's: as if this listener were not there.
  else if (process.listenerCount('unhandledRejection') === 1) throw error;
}
