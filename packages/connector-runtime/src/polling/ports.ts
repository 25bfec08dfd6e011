import type { Transaction } from 'kysely';
import type { ConnectorCalls, ParsedEvent } from '../types/connector-calls.ts';
import type { Database } from '../types/database.ts';

/** Connector code, isolated. */
export type PollCalls = Pick<ConnectorCalls, 'poll'>;

/** What starts on which trigger. */
export interface PolledWorkflows {
  /** Full names of the triggers that anything starts on. */
  readonly triggers: readonly string[];
  startedBy(tenantId: string, trigger: string): readonly string[] | Promise<readonly string[]>;
}

/** In the caller's transaction: the events that are new, their runs, and the runs' jobs. */
export type RecordEvents = (
  trx: Transaction<Database>,
  source: {
    readonly tenantId: string;
    readonly workspaceId: string;
    readonly connectionId: string;
    readonly trigger: string;
    readonly deliveryId: null;
    readonly receivedAt: number;
    /** They are kept, and wake nobody. */
    readonly tooOld?: boolean;
  },
  events: readonly ParsedEvent[],
  workflows: readonly string[],
) => Promise<{ readonly events: readonly string[]; readonly runs: readonly string[] }>;
