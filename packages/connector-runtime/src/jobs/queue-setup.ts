import { sql, type Transaction } from 'kysely';
import type { PgBoss } from 'pg-boss';
import type { Database } from '../types/database.ts';
import type { JobStore, QueueName } from './job-store.ts';

/** Not pg-boss's own default: the database may already serve another application that uses it. */
export const JOB_SCHEMA = 'connector_jobs';

const queues: readonly QueueName[] = [
  'run',
  'approval-request',
  'approval-update',
  'approval-expiry',
  'approval-follow-up',
];

const YEAR_SECONDS = 365 * 24 * 60 * 60;

/**
 * `stately`: per id one job waits and one is worked on, so no two nodes work on the same run. A node that dies stops its
 * heartbeat and another takes over. Retries never end: what a job works on is still there, and giving up would strand it.
 */
const options = {
  policy: 'stately',
  notify: true,
  heartbeatSeconds: 10,
  retryLimit: 1_000_000,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 60,
  expireInSeconds: 15 * 60,
  // A job may be due in months (an approval's expiry, a sleep); pg-boss removes what waits for longer than this.
  retentionSeconds: 20 * YEAR_SECONDS,
  deleteAfterSeconds: 60 * 60,
} as const;

export async function prepareQueues(boss: PgBoss, store: JobStore): Promise<void> {
  for (const queue of queues) {
    await boss.createQueue(queue, options);
    const { policy, ...changeable } = options;
    await boss.updateQueue(queue, changeable);
    if (store.soleOwner) await takeOver(boss, store, queue);
  }
}

/** On the channel that pg-boss makes of the name of its schema: workers on every node look at once, after the commit. */
export async function wakeWorkers(trx: Transaction<Database>, queue: QueueName): Promise<void> {
  await sql`
    select pg_notify('pgboss_' || left(encode(sha224(${JOB_SCHEMA}::bytea), 'hex'), 24), ${queue})`.execute(trx);
}

/** The previous process is known to be gone: no need to wait for its heartbeat to be missed. */
async function takeOver(boss: PgBoss, { db }: JobStore, queue: QueueName): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select id from connector_jobs.job where name = ${queue} and state = 'active'`.execute(db);
  if (rows.length > 0)
    await boss.fail(
      queue,
      rows.map((row) => row.id),
      { reason: 'the process that worked on it ended' },
    );
}
