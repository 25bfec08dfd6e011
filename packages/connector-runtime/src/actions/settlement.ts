import type { HttpTrace, Outcome, PlannedAction, StepError } from '../types/run.ts';
import { mayTryAgain, nextLookAt, retryDelayMs, type Tries } from './attempt-schedule.ts';

/** What the journal is to say of an attempt. `unknown` without `dueAt`: a person has to settle it. */
export interface Settlement {
  readonly status: 'succeeded' | 'failed' | 'waiting' | 'unknown';
  readonly output?: unknown;
  readonly error?: StepError;
  readonly dueAt?: number | undefined;
  readonly http?: readonly HttpTrace[];
  /** Nothing was tried: the next attempt has the same number. */
  readonly uncounted?: boolean;
  /** Said by another process than the one whose attempt it was: that one ended, or was paused for too long. */
  readonly lost?: boolean;
  /** It was looked for, and is still not known. */
  readonly looked?: boolean;
}

/** True when sending again makes no difference: the same state results, or the SaaS recognises our key. */
export function isRepeatable({ manifest }: PlannedAction): boolean {
  const { mode } = manifest.idempotency;
  return manifest.effect === 'read' || mode === 'safe' || mode === 'natural' || mode === 'key';
}

/** True when connector code can find out what became of an attempt. */
export function isResolvable({ manifest }: PlannedAction): boolean {
  return manifest.effect === 'write' && manifest.idempotency.resolve;
}

export interface SentAttempt {
  readonly planned: PlannedAction;
  /** This one among them. */
  readonly tries: Tries;
  readonly attemptedAt: number;
  readonly now: number;
  readonly random: () => number;
}

/** An attempt is repeated only when it is known to have changed nothing, or when repeating makes no difference. */
export function settlementOf(outcome: Outcome, sent: SentAttempt): Settlement {
  const { planned, tries, now } = sent;
  const { http } = outcome;
  if (outcome.status === 'applied') return { status: 'succeeded', output: outcome.output, http };

  const { error } = outcome;
  const attemptsLeft = mayTryAgain(tries);
  const retryAfterMs = outcome.status === 'not-applied' ? outcome.retryAfterMs : undefined;
  const retryAt = now + retryDelayMs(tries, retryAfterMs, sent.random);
  if (outcome.status === 'not-applied' || planned.manifest.effect === 'read') {
    if (outcome.status === 'not-applied' && outcome.heldBack) {
      return { status: 'waiting', error, http, dueAt: retryAt, uncounted: true };
    }
    const worthRetrying = outcome.status === 'unknown' || outcome.retryable;
    return worthRetrying && attemptsLeft
      ? { status: 'waiting', error, http, dueAt: retryAt }
      : { status: 'failed', error, http };
  }
  if (isRepeatable(planned)) return { status: 'unknown', error, http, dueAt: attemptsLeft ? retryAt : undefined };
  const lookAt = isResolvable(planned) ? nextLookAt(sent.attemptedAt, planned.manifest, now) : undefined;
  return { status: 'unknown', error, http, dueAt: lookAt };
}
