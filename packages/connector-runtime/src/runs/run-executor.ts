import { isConnectorError } from '@org/connector-sdk';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import type { JobQueue } from '../types/jobs.ts';
import type { Log } from '../types/log.ts';
import type { RunStatus } from '../types/run.ts';
import type { AnyWorkflow } from './define-workflow.ts';
import { createEventWaits } from './event-waits.ts';
import { createGrants } from './grants.ts';
import { createJournal, type Divergence, describe } from './journal.ts';
import type { PlanPorts } from './plan-action.ts';
import type { ActionsPort, ApprovalsPort } from './ports.ts';
import { type Conclusion, createPostgresRunStore, type StoredRun } from './postgres-run-store.ts';
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
   * A run whose workflow this node lacks, or has in an older version than has worked on it, is left to another node.
   *
   * @throws what the database threw: the run is as the journal says, and is to be tried again
   */
  execute(runId: string, signal?: AbortSignal): Promise<void>;
}

/** Runs workflows as plain functions over their journals. */
export function createRunExecutor(options: RunExecutorOptions): RunExecutor {
  const { approvals, clock, log } = options;
  const store = createPostgresRunStore(options);
  const waits = createEventWaits(options);
  const workflows = new Map(options.workflows.map((workflow) => [workflow.name, workflow]));

  async function execute(runId: string, signal: AbortSignal): Promise<void> {
    const found = await store.find(runId);
    if (found === undefined || isFinished(found) || found.status === 'diverged') return;
    const workflow = workflows.get(found.workflow);
    const version = workflow?.version ?? 1;
    const cancelling = found.status === 'cancelling';
    if (!cancelling && (workflow === undefined || version < found.codeVersion)) return leave(found, workflow);
    const run = await store.claim(found, { version, deadlineMs: workflow?.deadlineMs });
    if (run === undefined) return;
    const stopped = run.status === 'cancelling' || workflow === undefined;
    await conclude(run, stopped ? cancelled(run) : await replayed(run, workflow, signal));
  }

  async function replayed(run: StoredRun, workflow: AnyWorkflow, signal: AbortSignal): Promise<Conclusion> {
    if (run.deadlineAt !== undefined && run.deadlineAt <= clock.now()) return overdue(run);
    // Whoever takes it first finds an empty journal, and nobody has been asked.
    const isFirst = run.generation === 1;
    const steps = isFirst ? [] : await store.steps(run);
    const journal = createJournal(steps);
    const grants = createGrants(isFirst ? [] : await approvals.granted(run), steps);
    const lastTurn = Math.max(0, ...steps.map(({ turn }) => turn ?? 0));
    const end = await runReplay((replay) => {
      const context = createWorkflowContext({ run, journal, grants, replay, signal }, { ...options, store, waits });
      return workflow.run(context as never);
    }, lastTurn);
    const left = end.kind === 'returned' || end.kind === 'threw' ? journal.unasked() : undefined;
    if (left === undefined) return conclusionOf(run, end);
    return diverged(run, { step: left.key, was: describe(left), is: 'not asked for' });
  }

  async function conclude(run: StoredRun, conclusion: Conclusion): Promise<void> {
    const { asks } = await store.conclude(run, conclusion);
    // What a stopped run asks stays open: it may be resumed.
    if (asks && isFinished(conclusion)) await approvals.cancelOpen(run);
  }

  async function leave(run: StoredRun, workflow: AnyWorkflow | undefined): Promise<void> {
    const { id: runId, codeVersion } = run;
    const has = workflow === undefined ? 'lacks it' : `has version ${workflow.version ?? 1}`;
    log.warn(`a run needs version ${codeVersion} of workflow ${run.workflow}, and this node ${has}`, { runId });
    await store.leave(run);
  }

  return {
    async execute(runId, signal = new AbortController().signal) {
      try {
        await execute(runId, signal);
      } catch (error) {
        if (!isConnectorError(error) || error.code !== 'RUN_FENCED') throw error;
        log.warn('the run was taken over or cancelled: this node leaves it', { runId });
      }
    },
  };
}

const FINAL: ReadonlySet<RunStatus> = new Set(['completed', 'denied', 'failed', 'cancelled']);

function isFinished({ status }: { readonly status: RunStatus }): boolean {
  return FINAL.has(status);
}

/** Errors that mean "it was not allowed", and not "it went wrong". */
const DENIALS: ReadonlySet<string> = new Set(['APPROVAL_DENIED', 'APPROVAL_EXPIRED', 'POLICY_DENIED']);

function conclusionOf(run: StoredRun, end: ReplayEnd): Conclusion {
  switch (end.kind) {
    case 'parked':
      return { status: 'waiting', dueAt: earlier(end.dueAt, run.deadlineAt) };
    case 'overdue':
      return overdue(run);
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

function cancelled({ error }: StoredRun): Conclusion {
  return { status: 'cancelled', error: error ?? { code: 'RUN_CANCELLED', message: 'the run was cancelled' } };
}

function overdue(run: StoredRun): Conclusion {
  const at = new Date(run.deadlineAt ?? 0).toISOString();
  const message = `workflow ${run.workflow} was to be over by ${at}: nothing more of this run is begun`;
  return { status: 'failed', error: { code: 'RUN_DEADLINE_EXCEEDED', message } };
}

function diverged(run: StoredRun, { step, was, is }: Divergence): Conclusion {
  const message = `the code of workflow ${run.workflow} does not fit the journal of this run (version ${run.version}) at step ${step}: it was ${was} and is ${is}. Nothing is lost, and nothing more is done: deploy code that fits (keep the old path behind patch or version) and resume the run, or cancel it`;
  return { status: 'diverged', error: { code: 'RUN_DIVERGED', message } };
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
