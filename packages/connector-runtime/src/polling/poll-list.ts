import { sql } from 'kysely';
import type { Db } from '../types/database.ts';
import type { PollFigures } from '../types/poll-figures.ts';
import type { StepError } from '../types/run.ts';
import { pairs, polling } from './poll-claims.ts';

/** How polling of one connection's trigger stands. */
export interface PollState {
  readonly connectionId: string;
  readonly connection: string;
  readonly trigger: string;
  /**
   * `reading`: a turn is under way. `waiting`: for its time. `held`: the SaaS asked to wait. `paused`: nothing polls it, for the
   * reason in `pausedBy`.
   */
  readonly state: 'reading' | 'waiting' | 'held' | 'paused';
  readonly pausedBy: 'connection' | 'connector' | 'workflows' | 'config' | null;
  readonly nextDueAt: Date;
  readonly notBefore: Date | null;
  /** Seconds since it was last read; null before that. */
  readonly lagSeconds: number | null;
  readonly intervalSeconds: number | null;
  readonly lastPolledAt: Date | null;
  readonly lastSuccessAt: Date | null;
  /** False while pages are left from a turn that was not the last. */
  readonly complete: boolean;
  readonly lastPoll: PollFigures | null;
  readonly failures: number;
  readonly error: StepError | null;
}

export interface StoredPair {
  readonly connectionStatus: 'ready' | 'reauth_required' | 'disabled';
  readonly polls: boolean;
  readonly notBefore: Date | null;
}

interface Row {
  readonly connection_id: string;
  readonly name: string;
  readonly trigger: string;
  readonly status: StoredPair['connectionStatus'];
  readonly polls: boolean;
  readonly unfinished: boolean;
  readonly lease_until: Date | null;
  readonly interval_ms: number | null;
  readonly next_due_at: Date;
  readonly not_before: Date | null;
  readonly last_polled_at: Date | null;
  readonly last_success_at: Date | null;
  readonly last_poll: PollFigures | null;
  readonly failures: number;
  readonly error: StepError | null;
}

/** Of a tenant, by connection and trigger. `triggers`: what something starts on here; undefined when this node does not poll. */
export async function listPolling(
  db: Db,
  tenantId: string,
  now: number,
  triggers: readonly string[] | undefined,
): Promise<readonly PollState[]> {
  const rows = await read(db, tenantId);
  return rows.map((row) => {
    const pausedBy = pauseOf(row, triggers);
    return {
      connectionId: row.connection_id,
      connection: row.name,
      trigger: row.trigger,
      state: stateOf(row, pausedBy, now),
      pausedBy,
      nextDueAt: row.next_due_at,
      notBefore: row.not_before,
      lagSeconds: row.last_success_at && Math.max(0, Math.round((now - row.last_success_at.getTime()) / 1000)),
      intervalSeconds: row.interval_ms && row.interval_ms / 1000,
      lastPolledAt: row.last_polled_at,
      lastSuccessAt: row.last_success_at,
      complete: !row.unfinished,
      lastPoll: row.last_poll,
      failures: row.failures,
      error: row.error,
    };
  });
}

/** What stands in the way of polling it now; undefined when nothing is known of it. */
export async function findPair(
  db: Db,
  { tenantId, connectionId, trigger }: { tenantId: string; connectionId: string; trigger: string },
): Promise<StoredPair | undefined> {
  const rows = await read(db, tenantId, connectionId);
  const row = rows.find((one) => one.trigger === trigger);
  return row && { connectionStatus: row.status, polls: row.polls, notBefore: row.not_before };
}

async function read(db: Db, tenantId: string, connectionId?: string): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`
    select p.connection_id, c.name, p.trigger, c.status, ${polling} is not null as polls, p.unfinished, p.lease_until,
      p.interval_ms, p.next_due_at, p.not_before, p.last_polled_at, p.last_success_at, p.last_poll, p.failures, p.error
    from ${pairs}
    where p.tenant_id = ${tenantId} and c.deleted_at is null
      and ${connectionId === undefined ? sql`true` : sql`p.connection_id = ${connectionId}`}
    order by c.name, p.trigger`.execute(db);
  return rows;
}

function pauseOf(row: Row, triggers: readonly string[] | undefined): PollState['pausedBy'] {
  if (row.status !== 'ready') return 'connection';
  if (!row.polls) return 'connector';
  if (triggers === undefined) return 'config';
  return triggers.includes(row.trigger) ? null : 'workflows';
}

function stateOf(row: Row, pausedBy: PollState['pausedBy'], now: number): PollState['state'] {
  if (row.lease_until !== null && row.lease_until.getTime() > now) return 'reading';
  if (pausedBy !== null) return 'paused';
  return row.not_before !== null && row.not_before.getTime() > now ? 'held' : 'waiting';
}
