import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { JobQueue } from '../types/jobs.ts';
import type { RunStatus } from '../types/run.ts';

interface RunOfTenant {
  readonly tenantId: string;
  readonly runId: string;
}

/** What a person may do to a run. `by`, for the audit: `admin:<name>`. */
export interface RunControl {
  /**
   * Begins nothing new in the run from now on. What is in hand ends first; what is not known then stays for a person, open
   * questions are taken back, and the run is `cancelled`. Doing it twice is harmless.
   *
   * @throws RuntimeError `RUN_FINISHED` | `RUN_UNKNOWN`
   */
  cancel(run: RunOfTenant, by: string, reason?: string): Promise<void>;
  /**
   * Lets a run that was stopped as `diverged` go on where it was, under the code that is deployed now.
   *
   * @throws RuntimeError `RUN_NOT_DIVERGED` | `RUN_UNKNOWN`
   */
  resume(run: RunOfTenant, by: string): Promise<void>;
}

export function createRunControl(options: {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly jobs: JobQueue;
  readonly clock: Clock;
}): RunControl {
  const { db, audit, jobs, clock } = options;

  /** One compare-and-set with its audit entry; the job that looks at the run commits with it. False: it was in no such state. */
  async function change(
    { tenantId, runId }: RunOfTenant,
    to: { readonly from: readonly RunStatus[]; readonly status: RunStatus; readonly error: object | null },
    said: { readonly kind: string; readonly by: string; readonly details: Readonly<Record<string, unknown>> },
  ): Promise<boolean> {
    const { kind, by: actor, details } = said;
    const entry = audit.append({ tenantId, runId, kind, actor, subject: `run:${runId}`, details });
    return db.transaction().execute(async (trx) => {
      const { rows } = await sql`
        with changed as (
          update connector.runs set status = ${to.status}, updated_at = ${new Date(clock.now())},
            error = ${to.error === null ? null : JSON.stringify(to.error)}::json
          where id = ${runId} and tenant_id = ${tenantId} and status = any(${to.from}::text[])
          returning id
        )
        select ${entry} as seq from changed`.execute(trx);
      if (rows.length === 0) return false;
      await jobs.send(trx, [{ queue: 'run', runId }]);
      return true;
    });
  }

  async function statusOf({ tenantId, runId }: RunOfTenant): Promise<RunStatus> {
    const row = await db
      .selectFrom('connector.runs')
      .select('status')
      .where('id', '=', runId)
      .where('tenant_id', '=', tenantId)
      .executeTakeFirst();
    if (row !== undefined) return row.status;
    throw new RuntimeError('RUN_UNKNOWN', `there is no run ${runId}`);
  }

  return {
    async cancel(run, by, reason) {
      const message = reason === undefined ? `cancelled by ${by}` : `cancelled by ${by}: ${reason}`;
      const said = { kind: 'run.cancel_requested', by, details: reason === undefined ? {} : { reason } };
      const error = { code: 'RUN_CANCELLED', message };
      if (
        await change(run, { from: ['queued', 'running', 'waiting', 'diverged'], status: 'cancelling', error }, said)
      ) {
        return;
      }
      const status = await statusOf(run);
      if (status === 'cancelling') return;
      throw new RuntimeError('RUN_FINISHED', `run ${run.runId} is ${status}: there is nothing left to cancel`);
    },

    async resume(run, by) {
      const said = { kind: 'run.resume_requested', by, details: {} };
      if (await change(run, { from: ['diverged'], status: 'queued', error: null }, said)) return;
      const status = await statusOf(run);
      throw new RuntimeError(
        'RUN_NOT_DIVERGED',
        `run ${run.runId} is ${status}: only one that was stopped as diverged can be resumed`,
      );
    },
  };
}
