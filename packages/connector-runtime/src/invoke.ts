import { setTimeout as wait } from 'node:timers/promises';
import { canonicalJson } from '@org/connector-sdk';
import { sql, type Transaction } from 'kysely';
import { v7 } from 'uuid';
import { insertEvents } from './events/index.ts';
import type { ActionOptions, AnyWorkflow, RunReader } from './runs/index.ts';
import type { AuditTrail } from './types/audit.ts';
import type { Clock } from './types/clock.ts';
import type { Database, Db } from './types/database.ts';
import { RuntimeError } from './types/errors.ts';
import type { JobQueue } from './types/jobs.ts';
import type { RunStatus, StepError } from './types/run.ts';

export interface Invocation {
  readonly tenantId: string;
  readonly workspaceId: string;
  /** Full name: `servicenow.get-incident`. */
  readonly action: string;
  readonly input: unknown;
  /** Name of the connection; may be left out where the workspace has one of that connector. */
  readonly connection?: string;
  /** Who asks, for the audit: `admin:dana`, `service:billing`. */
  readonly by: string;
  /**
   * Of one connection: the same key with the same action and input is the same run, however often it is asked for, also while
   * it is under way. Default: a run of its own.
   */
  readonly key?: string;
  /** How long to wait for the end; the run goes on after it. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface Invoked {
  readonly runId: string;
  /** `waiting`: for a person or a retry. `queued` and `running`: time was up first. */
  readonly status: RunStatus;
  /** Of a completed run. */
  readonly output?: unknown;
  readonly error?: StepError;
}

const TRIGGER = 'runtime.action-invoked';

/** The data of the event that starts it. */
interface InvokedData {
  readonly name: string;
  readonly input: unknown;
  readonly connection: string;
  readonly by: string;
}

/** `action` of a workflow whose action is only known when it runs. */
type UntypedAction = (name: string, input: unknown, options: ActionOptions) => Promise<unknown>;

/** What a key stands for; who asks may differ. As it is stored: what JSON leaves out is no difference. */
function askedOf({ name, input }: InvokedData): string {
  return canonicalJson(JSON.parse(JSON.stringify([name, input ?? null])));
}

/** What {@link createInvoke} starts: one action, under the same policy, approvals, ledger and audit as in any workflow. */
export const invokeWorkflow: AnyWorkflow = {
  name: 'invoke',
  on: TRIGGER,
  run({ event, action }: { event: { data: unknown }; action: UntypedAction }) {
    const { name, input, connection, by } = event.data as InvokedData;
    return action(name, input, { key: name, connection, requestedBy: by });
  },
};

/**
 * One action without a workflow of its own.
 *
 * @throws RuntimeError `CONNECTION_UNKNOWN` | `CONNECTION_AMBIGUOUS` | `IDEMPOTENCY_MISMATCH`: its key was given with another
 *   action or input before, and nothing is done; what becomes of the action is in the answer
 */
export function createInvoke(ports: {
  readonly db: Db;
  readonly connectionFor: (
    tenantId: string,
    workspaceId: string,
    connector: string,
    name?: string,
  ) => Promise<{ readonly id: string; readonly name: string }>;
  readonly runs: RunReader;
  readonly jobs: JobQueue;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}): (invocation: Invocation) => Promise<Invoked> {
  const { db, connectionFor, runs, jobs, audit, clock } = ports;

  async function start({
    tenantId,
    workspaceId,
    action,
    input,
    connection,
    by,
    key = v7(),
  }: Invocation): Promise<string> {
    const [connector = ''] = action.split('.', 1);
    const bound = await connectionFor(tenantId, workspaceId, connector, connection);
    const source = {
      tenantId,
      workspaceId,
      connectionId: bound.id,
      trigger: TRIGGER,
      deliveryId: null,
      receivedAt: clock.now(),
    };
    const data: InvokedData = { name: action, input, connection: bound.name, by };
    return db.transaction().execute(async (trx) => {
      const parsed = [{ eventKey: key, data }];
      const { runs: started } = await insertEvents(trx, source, parsed, [invokeWorkflow.name], clock.now());
      const [runId] = started;
      if (runId === undefined) return findRun(trx, bound.id, key, data);
      await jobs.send(trx, [{ queue: 'run', runId }]);
      const record = { tenantId, runId, kind: 'action.invoked', actor: by, subject: action, details: { key } };
      await sql`select ${audit.append(record)}`.execute(trx);
      return runId;
    });
  }

  /** In the transaction that found the key taken: it sees what the other one committed. */
  async function findRun(trx: Transaction<Database>, connectionId: string, key: string, asked: InvokedData) {
    const row = await trx
      .selectFrom('connector.runs as r')
      .innerJoin('connector.events as e', 'e.id', 'r.event_id')
      .select(['r.id', 'e.data'])
      .where('e.connection_id', '=', connectionId)
      .where('e.trigger', '=', TRIGGER)
      .where('e.event_key', '=', key)
      .where('r.workflow', '=', invokeWorkflow.name)
      .executeTakeFirstOrThrow();
    if (askedOf(row.data as InvokedData) !== askedOf(asked)) {
      throw new RuntimeError(
        'IDEMPOTENCY_MISMATCH',
        `the key of this ${asked.name} was given with another action or input before, in run ${row.id}; nothing was done: give a new key, or what was given then`,
        { details: { runId: row.id } },
      );
    }
    return row.id;
  }

  return async (invocation) => {
    const runId = await start(invocation);
    const deadline = clock.now() + (invocation.timeoutMs ?? 30_000);
    for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, 250)) {
      const run = await runs.get(runId);
      if (run === undefined) throw new RuntimeError('RUN_UNKNOWN', `run ${runId} is gone`);
      const { status, result, error } = run;
      const going = status === 'queued' || status === 'running';
      if (!going || clock.now() >= deadline) {
        return { runId, status, ...(status === 'completed' ? { output: result } : {}), ...(error ? { error } : {}) };
      }
      await wait(pauseMs);
    }
  };
}
