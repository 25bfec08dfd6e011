import type { Transaction } from 'kysely';
import type { Clock } from '../types/clock.ts';
import type { ParsedEvent } from '../types/connector-calls.ts';
import type { Database } from '../types/database.ts';
import type { JobQueue } from '../types/jobs.ts';
import { type EventSource, insertEvents, type Recorded } from './insert-events.ts';

/** Within the caller's transaction: the events that are new, one run for each and every workflow, and the runs' jobs. */
export type RecordEvents = (
  trx: Transaction<Database>,
  source: EventSource,
  events: readonly ParsedEvent[],
  workflows: readonly string[],
) => Promise<Recorded>;

export function createRecordEvents({ jobs, clock }: { readonly jobs: JobQueue; readonly clock: Clock }): RecordEvents {
  return async (trx, source, events, workflows) => {
    const recorded = await insertEvents(trx, source, events, workflows, clock.now());
    if (recorded.runs.length > 0) {
      await jobs.send(
        trx,
        recorded.runs.map((runId) => ({ queue: 'run', runId })),
      );
    }
    return recorded;
  };
}
