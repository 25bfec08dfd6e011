import type { Job as BossJob, JobResult, PgBoss } from 'pg-boss';
import type { Log } from '../types/log.ts';

/**
 * Works on a batch at once. Each job is settled as soon as it is done, not when the slowest of its batch is: until then, the
 * next job of the same run would have to wait.
 */
export async function runBatch(
  boss: PgBoss,
  queue: string,
  batch: readonly BossJob<{ id: string }>[],
  work: (id: string) => Promise<void>,
  log: Log,
): Promise<JobResult[]> {
  let running = batch.length;
  return Promise.all(
    batch.map(async (job): Promise<JobResult> => {
      const result = await runJob(queue, job, work, log);
      running -= 1;
      if (running > 0) await settle(boss, queue, job, result, log);
      return result;
    }),
  );
}

async function runJob(
  queue: string,
  job: BossJob<{ id: string }>,
  work: (id: string) => Promise<void>,
  log: Log,
): Promise<JobResult> {
  try {
    await work(job.data.id);
    return { id: job.id, status: 'completed' };
  } catch (error) {
    log.error('a job failed and will be tried again', { queue, id: job.data.id, error });
    return { id: job.id, status: 'failed', output: { code: (error as { code?: unknown }).code ?? 'UNKNOWN' } };
  }
}

async function settle(
  boss: PgBoss,
  queue: string,
  job: BossJob<{ id: string }>,
  { status, output }: JobResult,
  log: Log,
): Promise<void> {
  try {
    if (status === 'completed') await boss.complete(queue, job);
    else await boss.fail(queue, job, output);
  } catch (error) {
    // The end of the batch settles it.
    log.warn('a job could not be settled early', { queue, error });
  }
}
