import type { Clock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import { isComparable } from '../types/event-match.ts';
import { type ReceivedEvent, TRIGGER_NAME, type WaitOptions } from './define-workflow.ts';
import type { EventWaits } from './event-waits.ts';
import type { Operations } from './operation.ts';
import type { StoredRun } from './postgres-run-store.ts';
import { stepFailure } from './step-failure.ts';

/** Waits for an event of a trigger in the run's workspace. The wait is a row, and who stores the event answers it. */
export function createWaitFor(
  run: StoredRun,
  { operate }: Pick<Operations, 'operate'>,
  { waits, clock }: { readonly waits: EventWaits; readonly clock: Clock },
): (trigger: string, options?: WaitOptions<string>) => Promise<ReceivedEvent<string>> {
  return (trigger, { key, match: asked = {}, timeoutMs, since = 'now' } = {}) => {
    const problem = problemOf(trigger, asked, timeoutMs);
    const match = problem === undefined ? { ...asked } : {};
    return operate<ReceivedEvent<string>>(
      { key, prefix: trigger, content: { kind: 'event', trigger, match, since } },
      async ({ key, digest, existing }) => {
        if (problem !== undefined) return { error: new RuntimeError('WORKFLOW_INVALID', `step ${key}: ${problem}`) };
        const begins = timeoutMs === undefined ? undefined : clock.now() + timeoutMs;
        const dueAt = existing === undefined ? begins : (existing.dueAt ?? undefined);
        const wait = { key, digest, trigger, match };
        if (existing === undefined) await waits.begin(run, wait, dueAt);
        const earlier = since === 'start' ? await waits.lookBack(run, wait) : undefined;
        if (earlier !== undefined) return { value: earlier };
        if (dueAt === undefined) return { waits: {} };
        if (dueAt > clock.now()) return { waits: { dueAt } };
        const error = {
          code: 'WAIT_TIMED_OUT',
          message: `no event of ${trigger} that step ${key} waits for came in time`,
        };
        // An event that came first has made a job of this run: its next replay has it.
        return (await waits.expire(run, key, error)) ? { error: stepFailure(key, error) } : { waits: {} };
      },
    );
  };
}

function problemOf(trigger: string, match: object, timeoutMs: number | undefined): string | undefined {
  if (!TRIGGER_NAME.test(trigger)) return `"${trigger}" is no <connector>.<trigger>`;
  for (const [name, value] of Object.entries(match)) {
    if (isComparable(name) && isComparable(value)) continue;
    return `match can't compare ${name}: give text, a number, true, false or null for a field at the top of the event`;
  }
  if (timeoutMs === undefined || (Number.isSafeInteger(timeoutMs) && timeoutMs >= 0)) return undefined;
  return 'timeoutMs must be a whole number';
}
