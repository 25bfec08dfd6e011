import { DEFAULT_RULE } from '../types/approval-rule.ts';
import type { Clock } from '../types/clock.ts';
import { stepDigest } from '../types/digest.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import type {
  ActionOptions,
  ApprovalQuestion,
  Approved,
  PlannedStep,
  PlanOptions,
  WorkflowContext,
} from './define-workflow.ts';
import type { EventWaits } from './event-waits.ts';
import type { Grants } from './grants.ts';
import type { Journal } from './journal.ts';
import { createOperations } from './operation.ts';
import { createPatch } from './patch.ts';
import { type PlanPorts, planAction } from './plan-action.ts';
import { plannedStep } from './planned-step.ts';
import type { ActionsPort, ApprovalsPort } from './ports.ts';
import type { RunStore, StoredRun } from './postgres-run-store.ts';
import type { Replay } from './replay.ts';
import { attempt, orRefusal, stepFailure } from './step-failure.ts';
import { createWaitFor } from './wait-for.ts';

export interface ContextPorts extends PlanPorts {
  readonly store: Pick<RunStore, 'write' | 'tell'>;
  readonly waits: EventWaits;
  readonly actions: ActionsPort;
  readonly approvals: Pick<ApprovalsPort, 'request'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Execution {
  readonly run: StoredRun;
  readonly journal: Journal;
  readonly grants: Grants;
  readonly replay: Replay;
  readonly signal: AbortSignal;
}

/** What a workflow's code does things with, over a run's journal. */
export function createWorkflowContext(execution: Execution, ports: ContextPorts): WorkflowContext {
  const { run, grants, replay, signal } = execution;
  const { store, actions, approvals, clock, log } = ports;
  const operations = createOperations(execution, ports);
  const { operate, inside } = operations;

  function act(
    wanted: PlannedStep,
    { key, requestedBy }: Pick<ActionOptions, 'key' | 'requestedBy'>,
  ): Promise<unknown> {
    const { planned: action, input, connection } = wanted;
    const content = { kind: 'action', action, connection, input } as const;
    return operate<unknown>({ key, prefix: action, content }, async ({ key, digest, existing }) => {
      const planned = await orRefusal(planAction(run, { action, input, connection }, ports));
      if (planned instanceof Error) return { error: planned };
      const begunOn = existing?.connectionId ?? planned.connectionId;
      if (begunOn !== planned.connectionId) {
        const divergence = { step: key, was: `on connection ${begunOn}`, is: `on connection ${planned.connectionId}` };
        replay.end({ kind: 'diverged', divergence });
        return { waits: {} };
      }
      const granted = grants.claim({ key, plannedDigest: planned.digest, existing });
      const request = {
        run,
        stepKey: key,
        stepDigest: digest,
        planned,
        existing,
        approvalId: granted?.approvalId,
        approvedUnder: granted?.rule,
        facts: wanted.facts,
        requestedBy,
      };
      const performed = await orRefusal(actions.perform(request, signal));
      if (performed instanceof Error) return { error: performed };
      if (performed.status === 'succeeded') return { value: performed.output };
      return performed.status === 'waiting' ? { waits: performed } : { error: stepFailure(key, performed.error) };
    });
  }

  function approval(question: ApprovalQuestion): Promise<Approved> {
    const contents = question.actions.map(({ planned: action, input, connection }) =>
      stepDigest({ kind: 'action', action, connection, input }),
    );
    const asked = { key: question.key, prefix: 'approval', content: { kind: 'approval', actions: contents } as const };
    return operate(asked, async ({ key, digest }) => {
      const { title, reason, requestedBy, rule, context = [] } = question;
      const plans = await orRefusal(
        Promise.all(
          question.actions.map(async ({ planned: action, input, connection, facts }) => ({
            planned: await planAction(run, { action, input, connection }, ports),
            facts,
          })),
        ),
      );
      if (plans instanceof Error) return { error: plans };
      const step = {
        key,
        kind: 'approval',
        digest,
        action: null,
        connectionId: null,
        input: null,
        idempotencyKey: '',
      } as const;
      const whom = {
        ...(requestedBy === undefined ? {} : { requestedBy }),
        ...(rule === undefined ? {} : { rule }),
      };
      const answer = await orRefusal(approvals.request({ run, step, title, reason, ...whom, context, actions: plans }));
      if (answer instanceof Error) return { error: answer };
      if (answer.status === 'requested') return { waits: {} };
      if (answer.status === 'approved') {
        const { approvalId, digests, rule: under = DEFAULT_RULE } = answer;
        grants.add({ approvalId, digests, stepKey: null, rule: under });
        return { value: { decision: 'approved', actor: answer.actor ?? '', auditUrl: answer.auditUrl } };
      }
      const code = answer.status === 'denied' ? 'APPROVAL_DENIED' : 'APPROVAL_EXPIRED';
      return { error: new RuntimeError(code, `approval ${key} was ${answer.status}`) };
    });
  }

  function step<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    return operate<T>({ key, prefix: key, content: { kind: 'step' } }, async ({ key, digest }) => {
      const done = await attempt(key, () => inside(key, work));
      const local = { key, kind: 'step', digest } as const;
      if ('error' in done) {
        await store.write(run, { ...local, status: 'failed', error: done.error });
        return { error: stepFailure(key, done.error) };
      }
      await store.write(run, { ...local, status: 'succeeded', output: done.value });
      return { value: done.value as T };
    });
  }

  function sleep(key: string, ms: number): Promise<void> {
    return operate<void>({ key, prefix: key, content: { kind: 'sleep', ms } }, async ({ key, digest, existing }) => {
      const dueAt = existing?.dueAt ?? clock.now() + ms;
      const due = dueAt <= clock.now();
      if (existing === undefined || due) {
        await store.write(run, {
          key,
          kind: 'sleep',
          digest,
          status: due ? 'succeeded' : 'waiting',
          dueAt,
          output: null,
        });
      }
      return due ? { value: undefined } : { waits: { dueAt } };
    });
  }

  const context = {
    event: run.event,
    version: run.version,
    patch: createPatch(run, operations, store),
    waitFor: createWaitFor(run, operations, ports),
    action: (named: string | PlannedStep, second?: unknown, options: ActionOptions = {}) =>
      typeof named === 'string'
        ? act(plannedStep(named, second, options), options)
        : act(named, (second as ActionOptions | undefined) ?? {}),
    plan: (name: string, input: unknown, options: PlanOptions = {}) => plannedStep(name, input, options),
    approval,
    step,
    sleep,
    log: (message: string, fields = {}) => log.info(message, { runId: run.id, workflow: run.workflow, ...fields }),
  };
  return context as WorkflowContext;
}
