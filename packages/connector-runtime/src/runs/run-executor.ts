import { isConnectorError } from '@org/connector-sdk';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { JobQueue } from '../types/jobs.ts';
import type { Log } from '../types/log.ts';
import type { Run } from '../types/run.ts';
import type { AnyWorkflow } from './define-workflow.ts';
import { createGrants } from './grants.ts';
import { createJournal, type Divergence } from './journal.ts';
import type { PlanPorts } from './plan-action.ts';
import type { ActionsPort, ApprovalsPort } from './ports.ts';
import { type Conclusion, createPostgresRunStore } from './postgres-run-store.ts';
import { type ReplayEnd, runReplay } from './replay.ts';
import { createWorkflowContext } from './workflow-context.ts';

export interface RunExecutorOptions extends PlanPorts {
  readonly db: Db;
  readonly workflows: readonly AnyWorkflow[];
  readonly actions: ActionsPort;
  readonly approvals: ApprovalsPort;
  readonly jobs: JobQueue;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RunExecutor {
  /**
   * Takes a run over and brings it as far as it goes now: to its end, or to where every branch of it waits. Safe to call at any
   * time on any node: a finished run is left alone, and who held the run before can't write to it any more.
   *
   * @throws RuntimeError `WORKFLOW_UNKNOWN` when this node does not have the workflow (another may), or what the database threw:
   * the run is as the journal says, and is to be tried again
   */
  execute(runId: string, signal?: AbortSignal): Promise<void>;
}

/** Runs workflows as plain functions over their journals. */
export function createRunExecutor(options: RunExecutorOptions): RunExecutor {
  const { approvals, log } = options;
  const store = createPostgresRunStore(options);
  const workflows = new Map(options.workflows.map((workflow) => [workflow.name, workflow]));

  async function execute(runId: string, signal: AbortSignal): Promise<void> {
    const found = await store.find(runId);
    if (found === undefined || isFinished(found)) return;
    const workflow = workflows.get(found.workflow);
    if (workflow === undefined) {
      throw new RuntimeError(
        'WORKFLOW_UNKNOWN',
        `run ${runId} waits for workflow ${found.workflow}: this node lacks it`,
      );
    }
    const run = await store.claim(found);
    if (run === undefined) return;

    const steps = await store.steps(run);
    const journal = createJournal(steps);
    const grants = createGrants(await approvals.granted(run), steps);
    const end = await runReplay((replay) => {
      const context = createWorkflowContext({ run, journal, grants, replay, signal }, { ...options, store });
      return workflow.run(context as never);
    });
    const left = end.kind === 'parked' ? undefined : journal.unasked();
    const conclusion = left === undefined ? conclusionOf(run, end) : divergedFrom(run, end, left);
    await store.conclude(run, conclusion);
    if (conclusion.status !== 'waiting') await approvals.cancelOpen(run);
  }

  return {
    async execute(runId, signal = new AbortController().signal) {
      try {
        await execute(runId, signal);
      } catch (error) {
        if (!isConnectorError(error) || error.code !== 'RUN_FENCED') throw error;
        log.warn('the run was taken over: this node leaves it', { runId });
      }
    },
  };
}

function isFinished({ status }: Run): boolean {
  return status !== 'queued' && status !== 'running' && status !== 'waiting';
}

/** Errors that mean "it was not allowed", and not "it went wrong". */
const DENIALS: ReadonlySet<string> = new Set(['APPROVAL_DENIED', 'APPROVAL_EXPIRED', 'POLICY_DENIED']);

function conclusionOf(run: Run, end: ReplayEnd): Conclusion {
  switch (end.kind) {
    case 'parked':
      return { status: 'waiting', dueAt: end.dueAt };
    case 'diverged':
      return diverged(run, end.divergence);
    case 'returned':
      return resultOf(end.result);
    case 'threw': {
      const { error } = end;
      if (!isConnectorError(error)) {
        const what = error instanceof Error ? `${error.name}: ${error.message}` : 'something that is no Error';
        return { status: 'failed', error: { code: 'RUN_FAILED', message: `workflow ${run.workflow} threw ${what}` } };
      }
      const { code, message } = error;
      return { status: DENIALS.has(code) ? 'denied' : 'failed', error: { code, message } };
    }
  }
}

function resultOf(result: unknown): Conclusion {
  try {
    return { status: 'completed', result: JSON.parse(JSON.stringify(result) ?? 'null') };
  } catch {
    return {
      status: 'failed',
      error: { code: 'WORKFLOW_INVALID', message: 'the result of the workflow has no JSON form' },
    };
  }
}

/** The code came to an end without asking for a step that the journal holds. */
function divergedFrom(run: Run, end: ReplayEnd, left: { key: string; kind: string; digest: string }): Conclusion {
  if (end.kind === 'diverged') return diverged(run, end.divergence);
  return diverged(run, { step: left.key, was: `${left.kind} ${left.digest}`, is: 'not asked for' });
}

function diverged(run: Run, { step, was, is }: Divergence): Conclusion {
  const message = `workflow ${run.workflow} no longer fits the journal of its run at step ${step}: it was ${was} and is ${is}; what it did so far stands in its journal, and nothing more of it is done`;
  return { status: 'diverged', error: { code: 'RUN_DIVERGED', message } };
}
