import type { Db } from '../types/database.ts';
import type { Job } from '../types/jobs.ts';
import type { Secret } from '../types/secret.ts';

export type QueueName = Job['queue'];

/** What this stage needs of the store. */
export interface JobStore {
  readonly db: Db;
  readonly url: Secret;
  /** True when no other process works on this database: whatever is marked as being worked on is then an orphan. */
  readonly soleOwner: boolean;
}
