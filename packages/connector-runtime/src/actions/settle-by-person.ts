import { isDeepStrictEqual } from 'node:util';
import { sql, type Transaction } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Database, Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { JobQueue } from '../types/jobs.ts';
import type { StepError } from '../types/run.ts';

/**
 * What a person found at the SaaS. `not-applied`: the step is sent again, under the policy that holds then; of a run that is
 * over, it failed. `reason`: for the audit.
 */
type FoundOutcome = { readonly reason?: string | undefined } & (
  | { readonly status: 'applied'; readonly output: unknown }
  | { readonly status: 'not-applied' }
);

interface StepName {
  readonly tenantId: string;
  readonly runId: string;
  readonly stepKey: string;
}

/**
 * Settles a write whose outcome the runtime could not find out, and resumes the run. The same answer again changes nothing.
 *
 * @param by who says so, for the audit: `admin:<name>`
 * @throws RuntimeError `RUN_SETTLED_OTHERWISE` when a person gave another answer before
 * @throws RuntimeError `RUN_NOT_UNSETTLED` when the step is not `unknown`, and no person has settled it
 */
export type SettleByPerson = (step: StepName, found: FoundOutcome, by: string) => Promise<void>;

export function createSettleByPerson(options: {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly jobs: JobQueue;
  readonly clock: Clock;
}): SettleByPerson {
  const { db, audit, jobs, clock } = options;
  return async (step, found, by) => {
    const { tenantId, runId, stepKey } = step;
    const { status, reason } = found;
    const applied = status === 'applied';
    const entry = audit.append({
      tenantId,
      runId,
      kind: applied ? 'action.applied' : 'action.not_applied',
      actor: by,
      subject: stepKey,
      details: { step: stepKey, settledByPerson: true, ...(reason === undefined ? {} : { reason }) },
    });
    const now = new Date(clock.now());
    const neverSentAgain: StepError = {
      code: 'ACTION_FAILED',
      message: `step ${stepKey} was not applied, as a person found when its run was over`,
    };
    await db.transaction().execute(async (trx) => {
      const { rows } = await sql`
        with run as materialized (
          select r.id, r.tenant_id, r.finished_at is not null as over from connector.runs r
          where r.id = ${runId} and r.tenant_id = ${tenantId}
          -- A run that ends just now is over, or ends after this.
          for share
        ), step as (
          update connector.run_steps s set
            status = case when ${applied} then 'succeeded' when run.over then 'failed' else 'waiting' end,
            output = ${applied ? (JSON.stringify(found.output) ?? 'null') : null}::json,
            error = case when run.over and not ${applied} then ${JSON.stringify(neverSentAgain)}::json end,
            finished_at = case when run.over or ${applied} then ${now}::timestamptz end,
            settled = ${JSON.stringify({ status, by, at: now.toISOString() })}::json, due_at = null
          from run
          where s.run_id = run.id and s.tenant_id = run.tenant_id and s.key = ${stepKey}
            and s.kind = 'action' and s.status = 'unknown'
          returning s.key
        )
        select ${entry} as seq from step`.execute(trx);
      if (rows.length === 0) return requireSameAnswer(trx, step, found);
      await jobs.send(trx, [{ queue: 'run', runId }]);
    });
  };
}

async function requireSameAnswer(
  trx: Transaction<Database>,
  { tenantId, runId, stepKey }: StepName,
  found: FoundOutcome,
): Promise<void> {
  const step = await trx
    .selectFrom('connector.run_steps')
    .select(['settled', 'output'])
    .where('run_id', '=', runId)
    .where('tenant_id', '=', tenantId)
    .where('key', '=', stepKey)
    .executeTakeFirst();
  const settled = step?.settled ?? null;
  if (step === undefined || settled === null) {
    throw new RuntimeError('RUN_NOT_UNSETTLED', `step ${stepKey} of run ${runId} has no unknown outcome to settle`);
  }
  const same =
    found.status === 'not-applied' ||
    isDeepStrictEqual(step.output, JSON.parse(JSON.stringify(found.output) ?? 'null'));
  if (settled.status === found.status && same) return;
  throw new RuntimeError(
    'RUN_SETTLED_OTHERWISE',
    `step ${stepKey} of run ${runId} was settled as ${settled.status} by ${settled.by} at ${settled.at}, with another answer than this one; that one holds`,
  );
}
