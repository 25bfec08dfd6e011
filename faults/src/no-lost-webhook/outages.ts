import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';

export interface Outages {
  /** The number of the outage that there is now; undefined while the database runs. */
  now(): number | undefined;
  readonly count: number;
  /** Crashes the database and starts it again once `meanwhile` is done. */
  have(how: 'kill' | 'immediate', meanwhile: () => Promise<void>): Promise<void>;
}

/** Knows for sure when the database is down: from after its death to before its start. */
export function createOutages({ database, untilServing }: Cluster): Outages {
  let count = 0;
  let now: number | undefined;
  return {
    now: () => now,
    get count() {
      return count;
    },
    async have(how, meanwhile) {
      // One may be killed meanwhile, and none starts without a database: another is left to be asked.
      await untilServing(2);
      await database.crash(how);
      count += 1;
      now = count;
      await meanwhile();
      await pause(100);
      now = undefined;
      await database.start();
    },
  };
}
