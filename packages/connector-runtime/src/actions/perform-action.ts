import type { ApprovalAsk, AskedApproval } from '../types/approval.ts';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { ConnectorCalls } from '../types/connector-calls.ts';
import type { Db } from '../types/database.ts';
import { idempotencyKey } from '../types/idempotency-key.ts';
import type { JobQueue } from '../types/jobs.ts';
import type { Decision, Outcome, PlannedAction, Step, StepError } from '../types/run.ts';
import { type ActionRequest, attemptOf, type Performed, storedResult } from './action-request.ts';
import { MAX_PAUSE_MS, triesOf } from './attempt-schedule.ts';
import { createInputChecks } from './check-input.ts';
import { createPostgresStepLedger } from './postgres-step-ledger.ts';
import { createSettleByPerson, type SettleByPerson } from './settle-by-person.ts';
import { outcomeUnknown, settleEarlierAttempt } from './settle-earlier-attempt.ts';
import { settlementOf } from './settlement.ts';

export interface ActionsOptions {
  readonly db: Db;
  readonly calls: Pick<ConnectorCalls, 'run' | 'resolve'>;
  readonly policy: {
    /** `rule`: the named approval rule under which people agreed. */
    decide(planned: PlannedAction, facts: { readonly approved: boolean; readonly rule?: string }): Promise<Decision>;
  };
  readonly approvals: { request(ask: ApprovalAsk): Promise<AskedApproval> };
  readonly jobs: JobQueue;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  /** Spreads retries; `[0, 1)`. Default `Math.random`. */
  readonly random?: () => number;
}

type NeedsApproval = Extract<Decision, { readonly effect: 'require-approval' }>;

export interface Actions {
  /**
   * Takes one action of a run as far as it goes now.
   *
   * @throws RuntimeError `RUN_FENCED` when another node has taken the run over: this one must stop
   */
  perform(request: ActionRequest, signal: AbortSignal): Promise<Performed>;
  readonly settleByPerson: SettleByPerson;
}

/** The write ledger. A write's life, from top to bottom, is `perform`, then `send`. */
export function createActions(options: ActionsOptions): Actions {
  const { calls, policy, approvals, clock, random = Math.random } = options;
  const ledger = createPostgresStepLedger(options);
  const inputs = createInputChecks();

  async function perform(request: ActionRequest, signal: AbortSignal): Promise<Performed> {
    const { planned, existing } = request;
    const stored = existing && storedResult(existing);
    if (stored !== undefined) return stored;

    let mayHaveHappened = false;
    if (existing !== undefined && mayHaveLeft(existing)) {
      const found = await settleEarlierAttempt(request, existing, { calls, ledger, clock }, signal);
      if (found !== 'send' && found !== 'repeat') return found;
      mayHaveHappened = found === 'repeat' && planned.manifest.effect === 'write';
    } else if (existing !== undefined && existing.dueAt !== null && existing.dueAt > clock.now()) {
      return { status: 'waiting', dueAt: existing.dueAt };
    }

    const problem = mayHaveHappened ? undefined : inputs.problem(planned);
    if (problem !== undefined) return ledger.refuse(request, 'failed', problem, []);

    const { approvalId, approvedUnder: rule } = request;
    const agreement = { approved: approvalId !== undefined, ...(rule === undefined ? {} : { rule }) };
    const decision = await policy.decide(planned, agreement);
    if (decision.effect === 'allow') return send(request, decision, signal);
    // What may have happened can't be called denied: a person settles it.
    if (mayHaveHappened) {
      return ledger.settle(request, existing?.attempts ?? 0, { status: 'unknown', error: outcomeUnknown(request) });
    }
    if (decision.effect === 'require-approval') return askPeople(request, decision, signal);
    const error = refusal('POLICY_DENIED', planned, `policy ${decision.policyIds.join(', ')} denies it`);
    return ledger.refuse(request, 'denied', error, decision.policyIds);
  }

  /** Intent and audit are committed before anything leaves; the outcome and its audit are committed together. */
  async function send(request: ActionRequest, decision: Decision, signal: AbortSignal): Promise<Performed> {
    const { planned, existing } = request;
    const attempt = (existing?.attempts ?? 0) + 1;
    let attemptedAt = await ledger.reserve(request, attempt, decision.policyIds);
    // A process that was paused here may have been taken over meanwhile: it sends on a fresh intent, or is fenced.
    while (clock.now() - attemptedAt > MAX_PAUSE_MS) {
      attemptedAt = await ledger.reserve(request, attempt, decision.policyIds);
    }
    const outcome = await run(request, attempt, attemptedAt, signal);
    const { seen, lost } = existing === undefined ? { seen: 0, lost: 0 } : triesOf(existing);
    const sent = { planned, tries: { seen: seen + 1, lost }, attemptedAt, now: clock.now(), random };
    return ledger.settle(request, attempt, settlementOf(outcome, sent));
  }

  async function run(
    request: ActionRequest,
    attempt: number,
    attemptedAt: number,
    signal: AbortSignal,
  ): Promise<Outcome> {
    try {
      const beforeWrite = async () => {
        if (clock.now() - attemptedAt > MAX_PAUSE_MS) await ledger.requireHeld(request);
      };
      return await calls.run({ ...attemptOf(request, attempt, attemptedAt), beforeWrite }, signal);
    } catch (error) {
      // `calls` answers with an outcome: what it throws instead tells nothing about what was sent.
      const reason = error instanceof Error ? error.message : undefined;
      return { status: 'unknown', error: outcomeUnknown(request, reason), http: [] };
    }
  }

  async function askPeople(request: ActionRequest, decision: NeedsApproval, signal: AbortSignal): Promise<Performed> {
    const { run, stepKey: key, stepDigest: digest, planned, facts = [], requestedBy } = request;
    const { action, connectionId, input } = planned;
    const { status, approvalId, rule } = await approvals.request({
      run,
      step: { key, kind: 'action', digest, action, connectionId, input, idempotencyKey: idempotencyKey(run.id, key) },
      title: planned.manifest.title,
      reason: `policy ${decision.policyIds.join(', ')} allows it only when a person approves`,
      ...(requestedBy === undefined ? {} : { requestedBy }),
      ...(decision.rule === undefined ? {} : { rule: decision.rule }),
      context: [],
      actions: [{ planned, facts }],
    });
    if (status === 'denied') {
      return ledger.refuse(request, 'denied', refusal('APPROVAL_DENIED', planned, 'a person denied it'), []);
    }
    if (status === 'expired') {
      return ledger.refuse(request, 'denied', refusal('APPROVAL_EXPIRED', planned, 'nobody decided in time'), []);
    }
    if (status === 'requested') return { status: 'waiting' };
    // Answered since this execution began. Nobody will be asked or answer again, so the step must not wait.
    const granted = await policy.decide(planned, { approved: true, ...(rule === undefined ? {} : { rule }) });
    if (granted.effect === 'allow') return send({ ...request, approvalId }, granted, signal);
    const why = `policy ${granted.policyIds.join(', ')} does not allow it even though a person approved`;
    return ledger.refuse(request, 'denied', refusal('POLICY_DENIED', planned, why), granted.policyIds);
  }

  return { perform, settleByPerson: createSettleByPerson(options) };
}

/** True when an attempt was reserved and nobody saw how it ended. */
function mayHaveLeft({ status }: Step): boolean {
  return status === 'intended' || status === 'unknown';
}

function refusal(
  code: 'POLICY_DENIED' | 'APPROVAL_DENIED' | 'APPROVAL_EXPIRED',
  planned: PlannedAction,
  why: string,
): StepError {
  return { code, message: `${planned.action} on ${planned.connectionName} was not done: ${why}` };
}
