import type { Fact } from '../types/approval.ts';
import { idempotencyKey } from '../types/idempotency-key.ts';
import type { Attempt, PlannedAction, Run, Step, StepError } from '../types/run.ts';
import { lastSendAt } from './attempt-schedule.ts';

/** One action step of a run. */
export interface ActionRequest {
  readonly run: Run;
  readonly stepKey: string;
  /** What the journal compares on replay. */
  readonly stepDigest: string;
  readonly planned: PlannedAction;
  /** What the journal has of this step. */
  readonly existing?: Step | undefined;
  /** The granted approval that covers exactly this plan. */
  readonly approvalId?: string | undefined;
  /** The name of the rule under which people granted it. */
  readonly approvedUnder?: string | undefined;
  /** Shown to people, if they are asked. */
  readonly facts?: readonly Fact[] | undefined;
  /** Who wants it: they can't approve it themselves. */
  readonly requestedBy?: string | undefined;
}

/** How far an action has come. `waiting` without `dueAt`: for a person. */
export type Performed =
  | { readonly status: 'succeeded'; readonly output: unknown }
  | { readonly status: 'failed' | 'denied'; readonly error: StepError }
  | { readonly status: 'waiting'; readonly dueAt?: number };

export function attemptOf({ planned, run, stepKey }: ActionRequest, attempt: number, attemptedAt: number): Attempt {
  const notAfter = lastSendAt(attemptedAt, planned.manifest);
  return { planned, stepKey, idempotencyKey: idempotencyKey(run.id, stepKey), attempt, notAfter };
}

/** The result of a step that is over: a replay gets it again, and nothing runs. */
export function storedResult(step: Step): Performed | undefined {
  if (step.status === 'succeeded') return { status: 'succeeded', output: step.output };
  if (step.status !== 'failed' && step.status !== 'denied') return undefined;
  return { status: step.status, error: step.error ?? { code: 'ACTION_FAILED', message: `step ${step.key} failed` } };
}
