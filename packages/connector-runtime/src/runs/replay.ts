import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as macrotask } from 'node:timers/promises';
import type { Divergence } from './journal.ts';

/** How an operation of a workflow ended. */
export type Ended<T> =
  | { readonly value: T }
  /** The workflow may catch it. */
  | { readonly error: Error };

/** How far one operation of a workflow came. */
export type Progress<T> =
  | Ended<T>
  /** For a person, an event, or a time (milliseconds since 1970). */
  | { readonly waits: { readonly dueAt?: number } };

/** How one execution of a run ended. */
export type ReplayEnd =
  | { readonly kind: 'returned'; readonly result: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'parked'; readonly dueAt: number | undefined }
  | { readonly kind: 'diverged'; readonly divergence: Divergence }
  /** Its deadline passed before it asked for something new. */
  | { readonly kind: 'overdue' };

export interface Operation<T> {
  /** What the journal holds of it, where it is over. */
  readonly recalled?: { readonly ended: Ended<T>; readonly turn: number | null } | undefined;
  /** Otherwise. What it throws ends the execution, like `end`; the workflow never sees it. */
  work(): Promise<Progress<T>>;
  /** Its result came to the workflow while others were open: on replay it has to be so again. */
  onTurn(turn: number): void;
}

export interface Replay {
  /**
   * An operation of the workflow. Results come to the workflow one at a time, and the next one when it has gone on as far as it
   * can: first what came before, in the order in which it came, then what is new. So a race ends on replay as it ended.
   */
  operate<T>(operation: Operation<T>): Promise<T>;
  /** Nothing more is begun. The execution ends once what is under way has come to its end and is journalled. */
  end(end: ReplayEnd): void;
  /** Resolves once the workflow has come as far as the results there are let it. */
  settled(): Promise<void>;
}

interface Open {
  /** Null: it was told while nothing else was open, or never. Undefined: it ended just now. */
  readonly turn: number | null | undefined;
  readonly onTurn: (turn: number) => void;
  readonly tell: () => void;
}

/**
 * Runs a workflow function until it returns, throws, or every branch of it waits. Then whatever still waits is dropped: its
 * promises never settle, nothing refers to them, and the journal holds all there is to know.
 *
 * @param lastTurn the highest in the journal
 */
export function runReplay(workflow: (replay: Replay) => Promise<unknown>, lastTurn = 0): Promise<ReplayEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<ReplayEnd>();
  const dueTimes: (number | undefined)[] = [];
  const ready: Open[] = [];
  let turn = lastTurn;
  /** Asked for, and not told so far. */
  let open = 0;
  /** Under way. */
  let active = 0;
  let telling = false;
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

  const finishIfIdle = () => {
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

  /** After a macrotask nothing is on its way any more: what could go on has asked for its next operation. */
  const goOn = async () => {
    if (telling) return;
    telling = true;
    await macrotask();
    // What is not told to the workflow is told on its next replay.
    for (let next = take(ready); next !== undefined && !isHalted(); next = take(ready)) {
      open -= 1;
      if (typeof next.turn !== 'number' && open > 0) {
        turn += 1;
        next.onTurn(turn);
      }
      next.tell();
      await macrotask();
    }
    telling = false;
    finishIfIdle();
  };
  const conclude = (reached: ReplayEnd) => {
    outcome ??= reached;
    void goOn();
  };

  const replay: Replay = {
    operate<T>({ recalled, work, onTurn }: Operation<T>): Promise<T> {
      const operation = new Promise<T>((settle, refuse) => {
        if (ended || isHalted()) return;
        const tell = (result: Ended<T>) => () => ('value' in result ? settle(result.value) : refuse(result.error));
        open += 1;
        if (recalled !== undefined) {
          ready.push({ turn: recalled.turn, onTurn, tell: tell(recalled.ended) });
          void goOn();
          return;
        }
        active += 1;
        work().then(
          (progress) => {
            active -= 1;
            if ('waits' in progress) dueTimes.push(progress.waits.dueAt);
            else ready.push({ turn: undefined, onTurn, tell: tell(progress) });
            void goOn();
          },
          (error: unknown) => {
            active -= 1;
            failure ??= { error };
            void goOn();
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
    async settled() {
      do await macrotask();
      while (telling && !isHalted());
    },
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

/** The next result to tell: what came in a turn of its own, by turn; then what the journal holds besides; then what is new. */
function take(ready: Open[]): Open | undefined {
  const rank = ({ turn }: Open) =>
    (turn === undefined ? [2, 0] : turn === null ? [1, 0] : [0, turn]) as [number, number];
  let first = 0;
  for (let at = 1; at < ready.length; at += 1) {
    const [one, other] = [rank(ready[at] as Open), rank(ready[first] as Open)];
    if (one[0] < other[0] || (one[0] === other[0] && one[1] < other[1])) first = at;
  }
  return ready.splice(first, 1)[0];
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
