import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { JobQueue } from '../types/jobs.ts';

/** What a person found at the SaaS. `not-applied`: the step is sent again, under the policy that holds then. */
type FoundOutcome = { readonly status: 'applied'; readonly output: unknown } | { readonly status: 'not-applied' };

/**
 * Settles a write whose outcome the runtime could not find out, and resumes the run.
 *
 * @param by who says so, for the audit: `admin:<name>`
 * @throws RuntimeError `RUN_NOT_UNSETTLED` when the step is not `unknown`
 */
export type SettleByPerson = (
  step: { readonly tenantId: string; readonly runId: string; readonly stepKey: string },
  found: FoundOutcome,
  by: string,
) => Promise<void>;

export function createSettleByPerson(options: {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly jobs: JobQueue;
  readonly clock: Clock;
}): SettleByPerson {
  const { db, audit, jobs, clock } = options;
  return async ({ tenantId, runId, stepKey }, found, by) => {
    const applied = found.status === 'applied';
    const entry = audit.append({
      tenantId,
      runId,
      kind: applied ? 'action.applied' : 'action.not_applied',
      actor: by,
      subject: stepKey,
      details: { step: stepKey, settledByPerson: true },
    });
    await db.transaction().execute(async (trx) => {
      const { rows } = await sql`
        with step as (
          update connector.run_steps set status = ${applied ? 'succeeded' : 'waiting'},
            output = ${applied ? (JSON.stringify(found.output) ?? 'null') : null}::json, error = null, due_at = null,
            finished_at = ${applied ? new Date(clock.now()) : null}::timestamptz
          where run_id = ${runId} and tenant_id = ${tenantId} and key = ${stepKey} and kind = 'action' and status = 'unknown'
          returning key
        )
        select ${entry} as seq from step`.execute(trx);
      if (rows.length === 0) {
        throw new RuntimeError('RUN_NOT_UNSETTLED', `step ${stepKey} of run ${runId} has no unknown outcome to settle`);
      }
      await jobs.send(trx, [{ queue: 'run', runId }]);
    });
  };
}
