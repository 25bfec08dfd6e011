import type { Transaction } from 'kysely';
import type { Database } from './database.ts';

/** Work done behind the answer, by whichever node is free. */
export type Job =
  | { readonly queue: 'run'; readonly runId: string }
  | { readonly queue: 'approval-request'; readonly approvalId: string }
  | { readonly queue: 'approval-update'; readonly approvalId: string }
  | { readonly queue: 'approval-expiry'; readonly approvalId: string }
  | { readonly queue: 'approval-follow-up'; readonly approvalId: string };

/** Sends jobs inside the caller's own transaction, so that a job exists exactly when what it works on does. */
export interface JobQueue {
  /** `startAt`: milliseconds since 1970. One job per queue and id waits at a time; a second is the same one. */
  send(trx: Transaction<Database>, jobs: readonly Job[], options?: { readonly startAt?: number }): Promise<void>;
}
