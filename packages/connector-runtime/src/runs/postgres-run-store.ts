import { sql, type Transaction } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Database, Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { JobQueue } from '../types/jobs.ts';
import type { Run, RunStatus, Step, StepError } from '../types/run.ts';

/** How an execution leaves its run. */
export interface Conclusion {
  readonly status: Exclude<RunStatus, 'queued' | 'running' | 'cancelled'>;
  readonly result?: unknown;
  readonly error?: StepError;
  /** When a waiting run is due again by itself. */
  readonly dueAt?: number | undefined;
}

export interface RunStore {
  find(runId: string): Promise<Run | undefined>;
  /** Takes the run over from whoever had it; undefined when another one just did. */
  claim(run: Run): Promise<Run | undefined>;
  steps(run: Run): Promise<readonly Step[]>;
  /** Journals a step that is not an action. Throws `RUN_FENCED`. */
  write(run: Run, step: LocalStep): Promise<void>;
  /** Throws `RUN_FENCED`. */
  conclude(run: Run, conclusion: Conclusion): Promise<void>;
}

interface LocalStep {
  readonly key: string;
  readonly kind: 'step' | 'sleep';
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

  const entry = (run: Run, kind: string, details: Readonly<Record<string, unknown>>) =>
    audit.append({
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
        .select(['r.id', 'r.tenant_id', 'r.workspace_id', 'r.workflow', 'r.status', 'r.generation'])
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
      const event = {
        id: row.event_id,
        tenantId: row.tenant_id,
        workspaceId: row.event_workspace_id,
        connectionId: row.connection_id,
        trigger: row.trigger,
        eventKey: row.event_key,
        data: row.data,
        receivedAt: row.received_at.getTime(),
      };
      const { id, tenant_id: tenantId, workspace_id: workspaceId, workflow, status, generation } = row;
      return { id, tenantId, workspaceId, workflow, event, status, generation };
    },

    async claim(run) {
      const generation = run.generation + 1;
      const kind = run.generation === 0 ? 'run.started' : 'run.resumed';
      const { rows } = await sql`
        with claimed as (
          update connector.runs set generation = ${generation}, status = 'running', updated_at = ${new Date(clock.now())}
          where id = ${run.id} and tenant_id = ${run.tenantId} and generation = ${run.generation}
            and status in ('queued', 'running', 'waiting')
          returning id
        )
        select ${entry(run, kind, { generation, event: run.event.id })} as seq from claimed`.execute(db);
      return rows.length === 0 ? undefined : { ...run, status: 'running', generation };
    },

    // A statement of its own, after the claim: one begun before would not see what the previous holder still committed.
    async steps(run) {
      const rows = await db
        .selectFrom('connector.run_steps')
        .selectAll()
        .where('run_id', '=', run.id)
        .where('tenant_id', '=', run.tenantId)
        .orderBy('created_at')
        .orderBy('key')
        .execute();
      return rows.map((row) => ({
        key: row.key,
        kind: row.kind,
        action: row.action,
        connectionId: row.connection_id,
        digest: row.digest,
        status: row.status,
        output: row.output,
        error: row.error,
        attempts: row.attempts,
        idempotencyKey: row.idempotency_key,
        approvalId: row.approval_id,
        plannedDigest: row.planned_digest,
        dueAt: row.due_at?.getTime() ?? null,
        attemptedAt: row.attempted_at?.getTime() ?? null,
      }));
    },

    async write(run, { key, kind, digest, status, output, error, dueAt }) {
      const now = new Date(clock.now());
      const { rows } = await sql`
        with run as materialized (
          select id, tenant_id from connector.runs
          where id = ${run.id} and tenant_id = ${run.tenantId} and generation = ${run.generation} for share
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

    async conclude(run, { status, result, error, dueAt }) {
      const now = new Date(clock.now());
      const finished = status !== 'waiting';
      const details = { ...(error && { error }), ...(dueAt !== undefined && { dueAt: new Date(dueAt).toISOString() }) };
      const statement = sql`
        with concluded as (
          update connector.runs set status = ${status}, updated_at = ${now},
            finished_at = ${finished ? now : null}::timestamptz,
            result = ${status === 'completed' ? (JSON.stringify(result) ?? 'null') : null}::json,
            error = ${error === undefined ? null : JSON.stringify(error)}::json
          where id = ${run.id} and tenant_id = ${run.tenantId} and generation = ${run.generation} and status = 'running'
          returning id
        )
        select ${entry(run, `run.${status}`, details)} as seq from concluded`;
      const conclude = async (executor: Db | Transaction<Database>) => {
        const { rows } = await statement.execute(executor);
        if (rows.length === 0) throw fenced(run);
      };
      if (dueAt === undefined) return conclude(db);
      await db.transaction().execute(async (trx) => {
        await conclude(trx);
        await jobs.send(trx, [{ queue: 'run', runId: run.id }], { startAt: dueAt });
      });
    },
  };
}

function fenced(run: Run): RuntimeError {
  return new RuntimeError('RUN_FENCED', `run ${run.id} was taken over by another node`, {
    details: { runId: run.id, generation: run.generation },
  });
}
