import { type RawBuilder, sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import { idempotencyKey } from '../types/idempotency-key.ts';
import type { Run, StepError } from '../types/run.ts';
import type { ActionRequest, Performed } from './action-request.ts';
import type { Settlement } from './settlement.ts';

/** Steps and their audit entries, each change in one statement that only the run's current generation can make. */
export interface StepLedger {
  /** Commits the intent to send; gives its time. Throws `RUN_FENCED`. */
  reserve(request: ActionRequest, attempt: number, policyIds: readonly string[]): Promise<number>;
  /** Commits what became of a reserved attempt. Throws `RUN_FENCED`. */
  settle(request: ActionRequest, attempt: number, settlement: Settlement): Promise<Performed>;
  /** Throws `RUN_FENCED` where the run is another node's by now. */
  requireHeld(request: ActionRequest): Promise<void>;
  /** Ends a step of which no attempt is open. Throws `RUN_FENCED`. */
  refuse(
    request: ActionRequest,
    status: 'failed' | 'denied',
    error: StepError,
    policyIds: readonly string[],
  ): Promise<Performed>;
}

const AUDIT_KIND = {
  succeeded: 'action.applied',
  failed: 'action.not_applied',
  waiting: 'action.not_applied',
  unknown: 'action.unknown',
} as const;

export function createPostgresStepLedger(options: {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}): StepLedger {
  const { db, audit, clock } = options;

  /** Runs `step` with its audit entry, appended exactly when `step` gives a row. */
  async function commit(
    request: ActionRequest,
    kind: string,
    details: object,
    step: RawBuilder<unknown>,
  ): Promise<void> {
    const { run, planned, stepKey } = request;
    const record = {
      tenantId: run.tenantId,
      runId: run.id,
      kind,
      actor: `workflow:${run.workflow}`,
      subject: planned.action,
      details: { step: stepKey, ...details },
    };
    const change = sql`
      run as materialized (
        select r.id, r.tenant_id, r.status from connector.runs r
        where r.id = ${run.id} and r.tenant_id = ${run.tenantId} and r.generation = ${run.generation}
        -- Waits for a takeover in flight and then sees its generation; without the lock both would pass.
        for share
      ), step as (${step})`;
    const made = await audit.commit({ record, order: run.id, change, made: sql`key from step` });
    if (made === undefined) {
      throw fenced(run, stepKey, `was taken over by another node, or step ${stepKey} is settled`);
    }
  }

  return {
    async reserve(request, attempt, policyIds) {
      const { run, planned, stepKey, stepDigest, approvalId = null } = request;
      const now = clock.now();
      const key = idempotencyKey(run.id, stepKey);
      const details = { attempt, policyIds, approvalId, planned: planned.digest, idempotencyKey: key };
      await commit(
        request,
        'action.intended',
        details,
        sql`
        insert into connector.run_steps as s (run_id, key, tenant_id, kind, action, connection_id, digest, input, status,
          attempts, idempotency_key, approval_id, planned_digest, attempted_at)
        select run.id, ${stepKey}, run.tenant_id, 'action', ${planned.action}, ${planned.connectionId}::uuid, ${stepDigest},
          ${JSON.stringify(planned.input)}::json, 'intended', ${attempt}::int, ${key}, ${approvalId}::uuid,
          ${approvalId === null ? null : planned.digest}::text, ${new Date(now)}::timestamptz
        from run where run.status = 'running'
        on conflict (run_id, key) do update set status = 'intended', attempts = excluded.attempts,
          approval_id = coalesce(excluded.approval_id, s.approval_id),
          planned_digest = coalesce(excluded.planned_digest, s.planned_digest), attempted_at = excluded.attempted_at,
          due_at = null, error = null, looks = 0,
          lost = case when s.status = 'intended' and s.attempts < excluded.attempts then s.lost + 1 else s.lost end
        where s.status in ('waiting', 'intended', 'unknown') and s.attempts <= excluded.attempts
        returning s.key`,
      );
      return now;
    },

    async settle(request, attempt, { status, output, error, dueAt, http, uncounted, lost, looked }) {
      const final = status === 'succeeded' || status === 'failed';
      const result = status === 'succeeded' ? (JSON.stringify(output) ?? 'null') : null;
      const details = {
        attempt,
        ...(error && { error }),
        ...(http && { http }),
        ...(status === 'waiting' && { again: true }),
      };
      await commit(
        request,
        AUDIT_KIND[status],
        details,
        sql`
        update connector.run_steps s set status = ${status}, output = ${result}::json,
          error = ${error === undefined ? null : JSON.stringify(error)}::json,
          attempts = ${uncounted ? attempt - 1 : attempt}::int, lost = s.lost + ${lost ? 1 : 0}::int,
          looks = s.looks + ${looked ? 1 : 0}::int,
          due_at = ${dueAt === undefined ? null : new Date(dueAt)}::timestamptz,
          finished_at = ${final ? new Date(clock.now()) : null}::timestamptz
        from run
        where s.run_id = run.id and s.key = ${request.stepKey} and s.attempts = ${attempt}
          and s.status in ('intended', 'unknown')
        returning s.key`,
      );
      if (status === 'succeeded') return { status, output };
      if (status === 'failed')
        return { status, error: error ?? { code: 'ACTION_FAILED', message: 'the action failed' } };
      return { status: 'waiting', ...(dueAt === undefined ? {} : { dueAt }) };
    },

    async requireHeld({ run, stepKey }) {
      const { rows } = await sql`
        select from connector.runs
        where id = ${run.id} and tenant_id = ${run.tenantId} and generation = ${run.generation}`.execute(db);
      if (rows.length === 0) throw fenced(run, stepKey, 'was taken over by another node');
    },

    async refuse(request, status, error, policyIds) {
      const { run, planned, stepKey, stepDigest } = request;
      await commit(
        request,
        status === 'denied' ? 'action.denied' : 'action.refused',
        { error, policyIds, planned: planned.digest },
        sql`
        insert into connector.run_steps as s (run_id, key, tenant_id, kind, action, connection_id, digest, input, status,
          error, idempotency_key, finished_at)
        select run.id, ${stepKey}, run.tenant_id, 'action', ${planned.action}, ${planned.connectionId}::uuid, ${stepDigest},
          ${JSON.stringify(planned.input)}::json, ${status}, ${JSON.stringify(error)}::json,
          ${idempotencyKey(run.id, stepKey)}, ${new Date(clock.now())}::timestamptz
        from run
        on conflict (run_id, key) do update set status = excluded.status, error = excluded.error, due_at = null,
          finished_at = excluded.finished_at
        -- A write that perhaps was sent is not ended by a refusal.
        where s.status = 'waiting' or (s.status in ('intended', 'unknown') and ${planned.manifest.effect} = 'read')
        returning s.key`,
      );
      return { status, error };
    },
  };
}

function fenced({ id, generation }: Run, step: string, why: string): RuntimeError {
  return new RuntimeError('RUN_FENCED', `run ${id} ${why}`, { details: { runId: id, step, generation } });
}
