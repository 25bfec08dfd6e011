import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { JobQueue } from '../types/jobs.ts';
import type { Run, RunStatus, StepError } from '../types/run.ts';
import { type EventRow, toEvent } from './event-row.ts';
import type { JournalledStep } from './journal.ts';

/** How an execution leaves its run. */
export interface Conclusion {
  readonly status: Exclude<RunStatus, 'queued' | 'running' | 'cancelling'>;
  readonly result?: unknown;
  readonly error?: StepError;
  /** When a waiting run is due again by itself. */
  readonly dueAt?: number | undefined;
}

/** A run with what its executor needs to know besides. */
export interface StoredRun extends Run {
  /** Of the definition that started it. */
  readonly version: number;
  /** The newest definition that has worked on it. */
  readonly codeVersion: number;
  /** Milliseconds since 1970. */
  readonly deadlineAt: number | undefined;
  /** Why it is being cancelled. */
  readonly error: StepError | null;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
}

export interface RunStore {
  find(runId: string): Promise<StoredRun | undefined>;
  /** Takes the run over from whoever had it; undefined when another one just did. */
  claim(
    run: StoredRun,
    code: { readonly version: number; readonly deadlineMs?: number | undefined },
  ): Promise<StoredRun | undefined>;
  /** Leaves the run to another node, and looks again later. */
  leave(run: StoredRun): Promise<void>;
  steps(run: Run): Promise<readonly JournalledStep[]>;
  /** Journals a step that is not an action. Throws `RUN_FENCED`. */
  write(run: Run, step: LocalStep): Promise<void>;
  /** Journals in which order results came to the workflow. Throws `RUN_FENCED`. */
  tell(run: Run, turns: readonly { readonly key: string; readonly turn: number }[]): Promise<void>;
  /** `asks`: a question of the run is open. Throws `RUN_FENCED`. */
  conclude(run: Run, conclusion: Conclusion): Promise<{ readonly asks: boolean }>;
}

interface LocalStep {
  readonly key: string;
  readonly kind: 'step' | 'sleep' | 'patch';
  readonly digest: string;
  readonly status: 'waiting' | 'succeeded' | 'failed';
  readonly output?: unknown;
  readonly error?: StepError;
  readonly dueAt?: number;
}

export function createPostgresRunStore(options: {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly jobs: JobQueue;
  readonly clock: Clock;
}): RunStore {
  const { db, audit, jobs, clock } = options;

  const recordOf = (run: Run, kind: string, details: Readonly<Record<string, unknown>>) => ({
    tenantId: run.tenantId,
    runId: run.id,
    kind,
    actor: 'system',
    subject: `workflow:${run.workflow}`,
    details,
  });

  return {
    async find(runId) {
      const row = await db
        .selectFrom('connector.runs as r')
        .innerJoin('connector.events as e', 'e.id', 'r.event_id')
        .select(['r.id', 'r.tenant_id', 'r.workspace_id', 'r.workflow', 'r.status', 'r.generation', 'r.error'])
        .select(['r.version', 'r.code_version', 'r.deadline_at', 'r.updated_at'])
        .select([
          'e.id as event_id',
          'e.workspace_id as event_workspace_id',
          'e.connection_id',
          'e.trigger',
          'e.event_key',
        ])
        .select(['e.data', 'e.received_at'])
        .where('r.id', '=', runId)
        .whereRef('e.tenant_id', '=', 'r.tenant_id')
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const event = toEvent({ ...row, id: row.event_id, workspace_id: row.event_workspace_id });
      const { id, tenant_id: tenantId, workspace_id: workspaceId, workflow, status, generation, error } = row;
      const base = { id, tenantId, workspaceId, workflow, event, status, generation, error };
      const { version, code_version: codeVersion, deadline_at, updated_at } = row;
      return {
        ...base,
        version,
        codeVersion,
        deadlineAt: deadline_at?.getTime(),
        updatedAt: updated_at.getTime(),
      };
    },

    async claim(run, { version, deadlineMs = null }) {
      const generation = run.generation + 1;
      const first = run.generation === 0;
      const kind = run.status === 'cancelling' ? 'run.cancelling' : first ? 'run.started' : 'run.resumed';
      const code = { generation, event: run.event.id, version: first ? version : run.version };
      const change = sql`
        claimed as (
          update connector.runs set generation = ${generation}, updated_at = ${new Date(clock.now())},
            status = case status when 'cancelling' then status else 'running' end,
            version = ${code.version}, code_version = greatest(code_version, ${version}::int),
            deadline_at = case when ${first} then created_at + make_interval(secs => ${deadlineMs}::float8 / 1000)
              else deadline_at end
          where id = ${run.id} and tenant_id = ${run.tenantId} and generation = ${run.generation}
            and status in ('queued', 'running', 'waiting', 'cancelling')
          returning status, error, code_version, deadline_at
        )`;
      const record = recordOf(run, kind, code);
      const row = await audit.commit<Claimed>({ record, order: run.id, change, made: sql`c.* from claimed c` });
      if (row === undefined) return undefined;
      const { status, error, code_version: codeVersion, deadline_at } = row;
      return {
        ...run,
        generation,
        status,
        error,
        version: code.version,
        codeVersion,
        deadlineAt: deadline_at?.getTime(),
      };
    },

    async leave(run) {
      const now = clock.now();
      const delayMs = Math.min(Math.max(now - run.updatedAt, SHORTEST_LEAVE_MS), LONGEST_LEAVE_MS);
      await db
        .transaction()
        .execute((trx) => jobs.send(trx, [{ queue: 'run', runId: run.id }], { startAt: now + delayMs }));
    },

    // A statement of its own, after the claim: one begun before would not see what the previous holder still committed.
    async steps(run) {
      const rows = await db
        .selectFrom('connector.run_steps as s')
        .leftJoin('connector.events as e', (join) =>
          join.onRef('e.id', '=', 's.event_id').onRef('e.tenant_id', '=', 's.tenant_id'),
        )
        .selectAll('s')
        .select(['e.id as answer_id', 'e.workspace_id', 'e.connection_id as event_connection_id', 'e.trigger'])
        .select(['e.event_key', 'e.data', 'e.received_at'])
        .where('s.run_id', '=', run.id)
        .where('s.tenant_id', '=', run.tenantId)
        .orderBy('s.created_at')
        .orderBy('s.key')
        .execute();
      return rows.map((row) => ({
        key: row.key,
        kind: row.kind,
        action: row.action,
        connectionId: row.connection_id,
        digest: row.digest,
        status: row.status,
        output: row.answer_id === null ? row.output : toEvent(answerOf(row)),
        error: row.error,
        attempts: row.attempts,
        lost: row.lost,
        idempotencyKey: row.idempotency_key,
        approvalId: row.approval_id,
        plannedDigest: row.planned_digest,
        dueAt: row.due_at?.getTime() ?? null,
        attemptedAt: row.attempted_at?.getTime() ?? null,
        turn: row.turn,
      }));
    },

    async write(run, { key, kind, digest, status, output, error, dueAt }) {
      const now = new Date(clock.now());
      const { rows } = await sql`
        with run as materialized (
          select id, tenant_id from connector.runs
          where id = ${run.id} and tenant_id = ${run.tenantId} and generation = ${run.generation}
            and status = 'running' for share
        )
        insert into connector.run_steps as s (run_id, key, tenant_id, kind, digest, status, output, error, idempotency_key,
          due_at, finished_at)
        select run.id, ${key}, run.tenant_id, ${kind}, ${digest}, ${status},
          ${status === 'succeeded' ? (JSON.stringify(output) ?? 'null') : null}::json,
          ${error === undefined ? null : JSON.stringify(error)}::json, '',
          ${dueAt === undefined ? null : new Date(dueAt)}::timestamptz, ${status === 'waiting' ? null : now}::timestamptz
        from run
        on conflict (run_id, key) do update set status = excluded.status, finished_at = excluded.finished_at
        where s.status = 'waiting'
        returning s.key`.execute(db);
      if (rows.length === 0) throw fenced(run);
    },

    async tell(run, turns) {
      const { rows } = await sql`
        with run as materialized (
          select id from connector.runs
          where id = ${run.id} and tenant_id = ${run.tenantId} and generation = ${run.generation}
            and status = 'running' for share
        ), told as (
          update connector.run_steps s set turn = t.turn
          from run, unnest(${turns.map(({ key }) => key)}::text[], ${turns.map(({ turn }) => turn)}::int[]) as t (key, turn)
          where s.run_id = run.id and s.key = t.key
        )
        select id from run`.execute(db);
      if (rows.length === 0) throw fenced(run);
    },

    async conclude(run, { status, result, error, dueAt }) {
      const now = new Date(clock.now());
      const finished = status !== 'waiting' && status !== 'diverged';
      const details = { ...(error && { error }), ...(dueAt !== undefined && { dueAt: new Date(dueAt).toISOString() }) };
      const change = sql`
        concluded as (
          update connector.runs set status = ${status}, updated_at = ${now},
            finished_at = ${finished ? now : null}::timestamptz,
            result = ${status === 'completed' ? (JSON.stringify(result) ?? 'null') : null}::json,
            error = ${error === undefined ? null : JSON.stringify(error)}::json
          where id = ${run.id} and tenant_id = ${run.tenantId} and generation = ${run.generation}
            and status = ${run.status}
          returning id
        ), unsettled as (
          update connector.run_steps s set status = 'unknown', due_at = null,
            error = coalesce(s.error, ${JSON.stringify(UNSETTLED)}::json)
          from concluded c
          where ${finished} and s.run_id = c.id and s.kind = 'action' and s.status in ('intended', 'unknown')
        ), waits as (
          delete from connector.event_waits w using concluded c where ${finished} and w.run_id = c.id
        )`;
      const made = sql`exists (
          select from connector.approvals a
          where a.run_id = concluded.id and a.tenant_id = ${run.tenantId} and a.status = 'requested'
        ) as asks from concluded`;
      const record = recordOf(run, `run.${status}`, details);
      const required = (row: { readonly asks: boolean } | undefined) => {
        if (row === undefined) throw fenced(run);
        return row;
      };
      if (dueAt === undefined) return required(await audit.commit({ record, order: run.id, change, made }));
      return db.transaction().execute(async (trx) => {
        const entry = audit.append(record);
        const { rows } = await sql<{ asks: boolean }>`with ${change} select ${entry} as seq, ${made}`.execute(trx);
        const concluded = required(rows[0]);
        await jobs.send(trx, [{ queue: 'run', runId: run.id }], { startAt: dueAt });
        return concluded;
      });
    },
  };
}

/** The event that answered a wait, of a row of a left join. */
function answerOf(row: { readonly tenant_id: string; readonly event_connection_id: string | null } & Answer): EventRow {
  return { ...row, id: row.answer_id, connection_id: row.event_connection_id } as EventRow;
}

type Answer = { readonly answer_id: string | null } & {
  readonly [Column in 'workspace_id' | 'trigger' | 'event_key' | 'data' | 'received_at']: EventRow[Column] | null;
};

/** How long a node waits for one that has the workflow: the longer, the longer the run has been left alone. */
const SHORTEST_LEAVE_MS = 2_000;
const LONGEST_LEAVE_MS = 600_000;

/** What a finished run says of a write whose outcome it did not learn: nobody but a person looks any more. */
const UNSETTLED: StepError = {
  code: 'ACTION_OUTCOME_UNKNOWN',
  message: 'the run ended before the outcome of this write was known: look at the SaaS and settle the step',
};

interface Claimed {
  readonly status: 'running' | 'cancelling';
  readonly error: StepError | null;
  readonly code_version: number;
  readonly deadline_at: Date | null;
}

function fenced(run: Run): RuntimeError {
  return new RuntimeError('RUN_FENCED', `run ${run.id} was taken over by another node, or cancelled`, {
    details: { runId: run.id, generation: run.generation },
  });
}
