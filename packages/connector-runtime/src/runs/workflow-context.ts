import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../types/clock.ts';
import { type StepContent, stepDigest } from '../types/digest.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import type { Run, Step } from '../types/run.ts';
import type {
  ActionOptions,
  ApprovalQuestion,
  Approved,
  PlannedStep,
  PlanOptions,
  WorkflowContext,
} from './define-workflow.ts';
import type { Grants } from './grants.ts';
import type { Journal } from './journal.ts';
import { type PlanPorts, planAction } from './plan-action.ts';
import { plannedStep } from './planned-step.ts';
import type { ActionsPort, ApprovalsPort } from './ports.ts';
import type { RunStore } from './postgres-run-store.ts';
import type { Progress, Replay } from './replay.ts';
import { attempt, orRefusal, stepFailure } from './step-failure.ts';

export interface ContextPorts extends PlanPorts {
  readonly store: Pick<RunStore, 'write'>;
  readonly actions: ActionsPort;
  readonly approvals: Pick<ApprovalsPort, 'request'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Execution {
  readonly run: Run;
  readonly journal: Journal;
  readonly grants: Grants;
  readonly replay: Replay;
  readonly signal: AbortSignal;
}

type AskedOperation = { readonly key: string | undefined; readonly prefix: string; readonly content: StepContent };
type Located = { readonly key: string; readonly digest: string; readonly existing: Step | undefined };

/** The step whose work is running, if one is. */
const insideStep = new AsyncLocalStorage<{ readonly replay: Replay; readonly key: string }>();

/** A step that waited for another operation would hold up the very end of the execution that the other one waits for. */
function nested({ key, prefix, content }: AskedOperation, around: string): RuntimeError {
  return new RuntimeError(
    'WORKFLOW_INVALID',
    `${content.kind} "${key ?? prefix}" is begun inside the work of step "${around}": begin it before or after that step`,
  );
}

/** What a workflow's code does things with, over a run's journal. */
export function createWorkflowContext(execution: Execution, ports: ContextPorts): WorkflowContext {
  const { run, journal, grants, replay, signal } = execution;
  const { store, actions, approvals, clock, log } = ports;

  /** Finds the step in the journal when the workflow asks for it, and does it only if it is not over yet. */
  function operate<T>(asked: AskedOperation, act: (step: Located) => Promise<Progress<T>>): Promise<T> {
    const digest = stepDigest(asked.content);
    const around = insideStep.getStore();
    const found =
      around?.replay === replay
        ? { invalid: nested(asked, around.key) }
        : journal.find({ kind: asked.content.kind, key: asked.key, prefix: asked.prefix, digest });
    return replay.operate<T>(async () => {
      if ('invalid' in found) return { error: found.invalid };
      if ('diverged' in found) {
        replay.end({ kind: 'diverged', divergence: found.diverged });
        return { waits: {} };
      }
      const { key, existing } = found;
      if (existing?.status === 'succeeded') return { value: existing.output as T };
      if (existing?.status === 'failed' || existing?.status === 'denied')
        return { error: stepFailure(key, existing.error) };
      if (existing === undefined && (await leavesStepsBehind(key, asked.content.kind))) return { waits: {} };
      return act({ key, digest, existing });
    });
  }

  /** A new step is begun only when the code has come past all that the journal holds: else it is other code. */
  async function leavesStepsBehind(key: string, kind: Step['kind']): Promise<boolean> {
    if (journal.unasked() === undefined) return false;
    await replay.settled();
    const left = journal.unasked();
    if (left === undefined) return false;
    const is = `not asked for; the workflow asks for ${kind} ${key} instead`;
    replay.end({ kind: 'diverged', divergence: { step: left.key, was: `${left.kind} ${left.digest}`, is } });
    return true;
  }

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
      const approvalId = grants.claim({ key, plannedDigest: planned.digest, existing });
      const request = {
        run,
        stepKey: key,
        stepDigest: digest,
        planned,
        existing,
        approvalId,
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
      const { title, reason, requestedBy, context = [] } = question;
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
      const by = requestedBy === undefined ? {} : { requestedBy };
      const answer = await orRefusal(approvals.request({ run, step, title, reason, ...by, context, actions: plans }));
      if (answer instanceof Error) return { error: answer };
      if (answer.status === 'requested') return { waits: {} };
      if (answer.status === 'approved') {
        grants.add({ approvalId: answer.approvalId, digests: answer.digests, stepKey: null });
        return { value: { decision: 'approved', actor: answer.actor ?? '', auditUrl: answer.auditUrl } };
      }
      const code = answer.status === 'denied' ? 'APPROVAL_DENIED' : 'APPROVAL_EXPIRED';
      return { error: new RuntimeError(code, `approval ${key} was ${answer.status}`) };
    });
  }

  function step<T>(key: string, work: () => T | Promise<T>): Promise<T> {
    return operate<T>({ key, prefix: key, content: { kind: 'step' } }, async ({ key, digest }) => {
      const done = await attempt(key, () => insideStep.run({ replay, key }, work));
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
