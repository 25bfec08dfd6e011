import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../types/clock.ts';
import { type StepContent, stepDigest } from '../types/digest.ts';
import { RuntimeError } from '../types/errors.ts';
import { describe, type Journal, type JournalledStep } from './journal.ts';
import type { RunStore, StoredRun } from './postgres-run-store.ts';
import type { Ended, Operation, Progress, Replay } from './replay.ts';
import { stepFailure } from './step-failure.ts';
import { createTurns } from './turns.ts';

export interface Asked {
  readonly key: string | undefined;
  /** What a name is made from where the workflow gives none: `<prefix>#<n>`. */
  readonly prefix: string;
  readonly content: StepContent;
}

export interface Located {
  readonly key: string;
  readonly digest: string;
  readonly existing: JournalledStep | undefined;
}

export interface Operations {
  /** Finds the step in the journal when the workflow asks for it, and does it only if it is not over yet. */
  operate<T>(asked: Asked, act: (step: Located) => Promise<Progress<T>>): Promise<T>;
  /** The work of a step: nothing else may be begun inside. */
  inside<T>(key: string, work: () => T): T;
  /** True when the journal holds steps that this code has not come to, although nothing holds it up. */
  hasMoreAhead(): Promise<boolean>;
}

/** The step whose work is running, if one is. */
const insideStep = new AsyncLocalStorage<{ readonly replay: Replay; readonly key: string }>();

/** What every operation of a workflow has in common: its place in the journal, its replay, and the run's deadline. */
export function createOperations(
  { run, journal, replay }: { readonly run: StoredRun; readonly journal: Journal; readonly replay: Replay },
  { store, clock }: { readonly store: Pick<RunStore, 'tell'>; readonly clock: Clock },
): Operations {
  const turns = createTurns((noted) => store.tell(run, noted));

  async function hasMoreAhead(): Promise<boolean> {
    if (journal.unasked() === undefined) return false;
    await replay.settled();
    return journal.unasked() !== undefined;
  }

  /** A new step is begun only when the code has come past all that the journal holds: else it is other code. */
  async function leavesStepsBehind(key: string, content: StepContent): Promise<boolean> {
    if (!(await hasMoreAhead())) return false;
    const left = journal.unasked();
    if (left === undefined) return false;
    const is = `not asked for; the workflow asks for ${nameOf(content)} at step ${key} instead`;
    replay.end({ kind: 'diverged', divergence: { step: left.key, was: describe(left), is } });
    return true;
  }

  return {
    hasMoreAhead,
    inside: (key, work) => insideStep.run({ replay, key }, work),
    operate<T>(asked: Asked, act: (step: Located) => Promise<Progress<T>>): Promise<T> {
      const { content } = asked;
      const digest = stepDigest(content);
      const around = insideStep.getStore();
      const found =
        around?.replay === replay
          ? { invalid: nested(asked, around.key) }
          : journal.find({ kind: content.kind, what: nameOf(content), key: asked.key, prefix: asked.prefix, digest });
      const existing = 'key' in found ? found.existing : undefined;
      const recalled = existing && endedAs<T>(existing);
      const onTurn = (turn: number) => 'key' in found && turns.note(found.key, turn);
      const work = async (): Promise<Progress<T>> => {
        if ('invalid' in found) return { error: found.invalid };
        if ('diverged' in found) {
          replay.end({ kind: 'diverged', divergence: found.diverged });
          return { waits: {} };
        }
        const { key } = found;
        const isPatch = content.kind === 'patch';
        if (existing === undefined && !isPatch && (await leavesStepsBehind(key, content))) return { waits: {} };
        if (run.deadlineAt !== undefined && clock.now() >= run.deadlineAt) {
          replay.end({ kind: 'overdue' });
          return { waits: {} };
        }
        if (existing === undefined) await turns.flush();
        return act({ key, digest, existing });
      };
      return replay.operate<T>({ recalled, onTurn, work });
    },
  };
}

function endedAs<T>({ key, status, output, error, turn }: JournalledStep): Operation<T>['recalled'] {
  const ended: Ended<T> | undefined =
    status === 'succeeded'
      ? { value: output as T }
      : status === 'failed' || status === 'denied'
        ? { error: stepFailure(key, error) }
        : undefined;
  return ended && { ended, turn };
}

function nameOf(content: StepContent): string {
  return content.kind === 'action' ? `action ${content.action}` : content.kind;
}

/** A step that waited for another operation would hold up the very end of the execution that the other one waits for. */
function nested({ key, prefix, content }: Asked, around: string): RuntimeError {
  return new RuntimeError(
    'WORKFLOW_INVALID',
    `${content.kind} "${key ?? prefix}" is begun inside the work of step "${around}": begin it before or after that step`,
  );
}
