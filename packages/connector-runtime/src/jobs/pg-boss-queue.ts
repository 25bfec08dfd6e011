import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import { type Job as BossJob, fromKysely, PgBoss } from 'pg-boss';
import { v7 } from 'uuid';
import { type Clock, systemClock } from '../types/clock.ts';
import type { Database } from '../types/database.ts';
import type { Job, JobQueue } from '../types/jobs.ts';
import type { Log } from '../types/log.ts';
import type { JobStore, QueueName } from './job-store.ts';
import { JOB_SCHEMA, prepareQueues, wakeWorkers } from './queue-setup.ts';
import { runBatch } from './run-batch.ts';

/** What each queue's jobs do. Each gets the id of its run or approval, may be called twice for it, and throws to be tried again. */
export type JobHandlers = { readonly [queue in QueueName]: (id: string) => Promise<void> };

export interface PgBossQueue extends JobQueue {
  /** Starts working; before, jobs can only be sent. */
  work(handlers: JobHandlers): Promise<void>;
  /** Waits for the jobs in hand, up to 30 s. */
  stop(): Promise<void>;
}

/** Jobs on pg-boss, in the same database as everything else. Call `start` before anything is sent. */
export function createPgBossQueue({
  store,
  log,
  clock = systemClock,
}: {
  readonly store: JobStore;
  readonly log: Log;
  readonly clock?: Clock;
}): PgBossQueue & { start(): Promise<void> } {
  const boss = new PgBoss({
    connectionString: store.url.reveal(),
    application_name: 'connector-runtime jobs',
    schema: JOB_SCHEMA,
    max: 8,
    useListenNotify: true,
    schedule: false,
    superviseIntervalSeconds: 2,
    monitorIntervalSeconds: 2,
  });
  boss.on('error', (error) => log.error('the job queue failed', { error }));
  boss.on('warning', (warning) => log.warn('the job queue warns', { warning: warning.message }));
  let started: Promise<void> | undefined;
  const start = () => {
    started ??= boss.start().then(() => prepareQueues(boss, store));
    return started;
  };

  return {
    start,
    async send(trx, jobs, options) {
      await start();
      // In one order for everybody: transactions that send the same jobs must not wait for each other in a circle.
      for (const queue of [...new Set(jobs.map((job) => job.queue))].sort()) {
        const ids = new Set(jobs.filter((job) => job.queue === queue).map(idOf));
        const startAt = options?.startAt;
        const delayMs = startAt === undefined ? undefined : startAt - clock.now();
        await sendAll(boss, trx, queue, [...ids].sort(), await databaseTime(trx, delayMs));
      }
    },
    async work(handlers) {
      await start();
      for (const queue of Object.keys(handlers) as QueueName[]) {
        await boss.work<{ id: string }>(
          queue,
          {
            batchSize: 10,
            burstWhenBatchFull: true,
            localConcurrency: queue === 'run' ? 4 : 1,
            // Notifications wake a worker at once; polling finds what came due, and what a lost notification left.
            pollingIntervalSeconds: 1,
            notifyPollingIntervalSeconds: 1,
            perJobResults: true,
          },
          (batch: BossJob<{ id: string }>[]) => runBatch(boss, queue, batch, handlers[queue], log),
        );
      }
    },
    async stop() {
      if (started !== undefined) await boss.stop({ graceful: true, timeout: 30_000 });
    },
  };
}

const idOf = (job: Job): string => (job.queue === 'run' ? job.runId : job.approvalId);

/**
 * When the database's clock says that so much time has passed. Jobs start by that clock and are judged due by the node's: a
 * node that is behind would otherwise find each too early, and send it again at once.
 */
async function databaseTime(trx: Transaction<Database>, delayMs: number | undefined): Promise<number | undefined> {
  if (delayMs === undefined) return undefined;
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(trx);
  const [row] = rows;
  return row && row.now.getTime() + delayMs;
}

/**
 * Within the caller's transaction. A job that already waits for the same id is the same one, and is brought forward if it
 * would start later. Its row is locked until the commit: a worker that took it earlier would not see what the caller wrote,
 * and nobody would look again.
 */
async function sendAll(
  boss: PgBoss,
  trx: Transaction<Database>,
  queue: QueueName,
  ids: readonly string[],
  startAt: number | undefined,
): Promise<void> {
  const db = fromKysely(trx);
  for (let missing = ids; missing.length > 0; ) {
    const jobs = missing.map((id) => ({
      id: v7(),
      singletonKey: id,
      data: { id },
      ...(startAt === undefined ? {} : { startAfter: new Date(startAt) }),
    }));
    const inserted = new Set(await boss.insert(queue, jobs, { db, returnId: true }));
    const again: string[] = [];
    for (const job of jobs) {
      if (!inserted.has(job.id) && !(await bringForward(boss, trx, queue, job.singletonKey, startAt))) {
        again.push(job.singletonKey);
      }
    }
    missing = again;
  }
}

/** False when the job no longer waits: it was taken in between. */
async function bringForward(
  boss: PgBoss,
  trx: Transaction<Database>,
  queue: QueueName,
  id: string,
  startAt: number | undefined,
): Promise<boolean> {
  const { rows } = await sql<{ start_after: Date }>`
    select start_after from connector_jobs.job
    where name = ${queue} and singleton_key = ${id} and state < 'active' for update`.execute(trx);
  const waiting = rows[0];
  if (waiting === undefined) return false;
  const startAfter = new Date(Math.min(waiting.start_after.getTime(), startAt ?? Date.now()));
  await boss.update(queue, undefined, { singletonKey: id, startAfter, match: 'all', db: fromKysely(trx) });
  // pg-boss notifies of jobs that are inserted only.
  if (startAt === undefined) await wakeWorkers(trx, queue);
  return true;
}
