import type { Clock } from '../types/clock.ts';
import type { ConnectorCalls, Lookup } from '../types/connector-calls.ts';
import type { Step, StepError } from '../types/run.ts';
import { type ActionRequest, attemptOf, type Performed } from './action-request.ts';
import { absenceProvenAt, mayTryAgain, nextLookAt, nextTryToLookAt, triesOf } from './attempt-schedule.ts';
import type { StepLedger } from './postgres-step-ledger.ts';
import { isRepeatable, isResolvable, type Settlement } from './settlement.ts';

export interface EarlierAttemptPorts {
  readonly calls: Pick<ConnectorCalls, 'resolve'>;
  readonly ledger: StepLedger;
  readonly clock: Clock;
}

/** `send`: it is proven that nothing happened. `repeat`: something may have happened, and repeating makes no difference. */
export type Cleared = 'send' | 'repeat';

/**
 * Finds out what became of an attempt that perhaps was sent, by a process that died or whose reply was lost.
 * Where that can't be known, the step stays `unknown` until it can, or until a person says.
 */
export async function settleEarlierAttempt(
  request: ActionRequest,
  existing: Step,
  { calls, ledger, clock }: EarlierAttemptPorts,
  signal: AbortSignal,
): Promise<Performed | Cleared> {
  const { planned } = request;
  const { manifest } = planned;
  const { attempts } = existing;
  const attemptedAt = existing.attemptedAt ?? clock.now();

  if (existing.status === 'unknown') {
    if (existing.dueAt === null) return { status: 'waiting' };
    if (existing.dueAt > clock.now()) return { status: 'waiting', dueAt: existing.dueAt };
  }
  if (!isResolvable(planned)) return repeatOrGiveUp();

  const resolution = await resolve();
  const now = clock.now();
  if (resolution.outcome === 'applied') {
    return settle({ status: 'succeeded', output: resolution.output });
  }
  // Sending again makes no difference: no need to wait until the absence proves anything.
  if (isRepeatable(planned)) return repeatOrGiveUp();
  if (resolution.outcome === 'unknown') {
    const error = outcomeUnknown(request, resolution.reason);
    const { retryAfterMs } = resolution;
    const dueAt =
      retryAfterMs === undefined
        ? nextLookAt(attemptedAt, manifest, now)
        : nextTryToLookAt(attemptedAt, manifest, { now, retryAfterMs });
    return settle({ status: 'unknown', error, dueAt, looked: true });
  }
  const provenAt = absenceProvenAt(attemptedAt, manifest);
  if (now < provenAt) {
    const error = outcomeUnknown(request, 'its absence proves nothing yet');
    return settle({ status: 'unknown', error, dueAt: provenAt, looked: true });
  }
  const error = { code: 'ACTION_FAILED', message: `attempt ${attempts} of ${planned.action} was never applied` };
  if (!mayTryAgain(triesOf(existing))) return settle({ status: 'failed', error });
  await settle({ status: 'waiting', error, dueAt: now });
  return 'send';

  function settle(settlement: Settlement): Promise<Performed> {
    return ledger.settle(request, attempts, { ...settlement, lost: existing.status === 'intended' });
  }

  async function repeatOrGiveUp(): Promise<Performed | Cleared> {
    if (isRepeatable(planned) && mayTryAgain(triesOf(existing))) return 'repeat';
    const status = manifest.effect === 'read' ? 'failed' : 'unknown';
    return settle({ status, error: outcomeUnknown(request) });
  }

  async function resolve(): Promise<Lookup> {
    try {
      return await calls.resolve(attemptOf(request, attempts, existing.attemptedAt ?? clock.now()), signal);
    } catch (error) {
      // Of our own making, such as a lost database.
      const reason = error instanceof Error ? error.message : 'it could not be looked up';
      return { outcome: 'unknown', reason, retryAfterMs: 0 };
    }
  }
}

export function outcomeUnknown({ planned, stepKey }: ActionRequest, reason?: string): StepError {
  const why = reason === undefined ? '' : ` (${reason})`;
  return {
    code: 'ACTION_OUTCOME_UNKNOWN',
    message: `whether ${planned.action} took effect at step ${stepKey} is not known${why}: look at the SaaS and settle the step`,
  };
}
