import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { PolledEvent } from '../types/connector-calls.ts';
import type { Database, Db } from '../types/database.ts';
import type { PollFigures } from '../types/poll-figures.ts';
import type { StepError } from '../types/run.ts';
import type { NextTurn } from './pace.ts';
import type { PollLease } from './poll-lease.ts';
import type { RecordEvents } from './ports.ts';

/** Another node has taken the lease over: nothing was written. */
export class LeaseLost extends Error {}

export interface StoredPage {
  readonly new: number;
  readonly tooOld: number;
  readonly runs: number;
}

/** What a turn writes, each under its lease and no other. Throws `LeaseLost`. */
export interface PollRecord {
  /** In one transaction: the page's events, their runs and jobs, the audit, and the cursor behind them. */
  savePage(
    lease: PollLease,
    page: { readonly events: readonly PolledEvent[]; readonly cursor: string; readonly workflows: readonly string[] },
  ): Promise<StoredPage>;
  finish(lease: PollLease, end: FinishedTurn): Promise<void>;
  /** Gives the lease back as if the turn had not been: another node may go on at once. */
  release(lease: PollLease): Promise<void>;
}

export interface FinishedTurn {
  readonly next: NextTurn;
  readonly figures: PollFigures;
  readonly unfinished: boolean;
  readonly error?: StepError | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Who asked for the turn; undefined for one that was due. */
  readonly by?: string | undefined;
}

export function createPollRecord(options: {
  readonly db: Db;
  readonly recordEvents: RecordEvents;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly backfillMs: number;
}): PollRecord {
  const { db, recordEvents, audit, clock, leaseMs, backfillMs } = options;

  async function append(trx: Transaction<Database>, lease: PollLease, kind: string, actor: string, details: object) {
    const { tenantId, connectionId, trigger } = lease;
    const subject = `connection:${connectionId}`;
    const record = { tenantId, kind, actor, subject, details: { trigger, ...details } };
    await sql`select ${audit.append(record)}`.execute(trx);
  }

  return {
    savePage: (lease, { events, cursor, workflows }) =>
      db.transaction().execute(async (trx) => {
        const now = clock.now();
        // First: it holds the row, so that nobody takes the lease over before this is committed.
        await update(
          trx,
          lease,
          sql`cursor = ${cursor}, last_polled_at = ${new Date(now)}, last_success_at = ${new Date(now)},
              lease_until = ${new Date(now + leaseMs)}`,
        );
        const { tenantId, workspaceId, connectionId, trigger } = lease;
        const source = { tenantId, workspaceId, connectionId, trigger, deliveryId: null, receivedAt: now };
        const isOld = ({ occurredAt }: PolledEvent) => occurredAt !== undefined && occurredAt < now - backfillMs;
        const old = await recordEvents(trx, { ...source, tooOld: true }, events.filter(isOld), []);
        const recent = await recordEvents(
          trx,
          source,
          events.filter((event) => !isOld(event)),
          workflows,
        );
        const { runs } = recent;
        const found = [...recent.events, ...old.events];
        if (found.length > 0) {
          const details = { seen: events.length, events: found, runs, tooOld: old.events.length };
          await append(trx, lease, 'poll.recorded', 'system', details);
        }
        return { new: found.length, tooOld: old.events.length, runs: runs.length };
      }),

    finish: (lease, { next, figures, unfinished, error, retryAfterMs, by }) =>
      db.transaction().execute(async (trx) => {
        const now = clock.now();
        await update(
          trx,
          lease,
          sql`lease_holder = null, lease_until = null, unfinished = ${unfinished},
              interval_ms = ${next.intervalMs}, failures = ${next.failures},
              next_due_at = ${new Date(now + next.waitMs)}, last_polled_at = ${new Date(now)},
              last_poll = ${JSON.stringify(figures)}::json,
              error = ${error === undefined ? null : JSON.stringify(error)}::json`,
        );
        if (retryAfterMs !== undefined) await holdBack(trx, lease, now + retryAfterMs);
        if (by !== undefined)
          await append(trx, lease, 'poll.reconciled', by, { ...figures, error: error?.code ?? null });
      }),

    release: (lease) =>
      db
        .transaction()
        .execute((trx) =>
          update(trx, lease, sql`lease_holder = null, lease_until = null, next_due_at = ${new Date(clock.now())}`),
        ),
  };
}

async function update(trx: Transaction<Database>, lease: PollLease, set: RawBuilder<unknown>): Promise<void> {
  const { tenantId, connectionId, trigger, generation } = lease;
  const { rows } = await sql`
    update connector.poll_cursors set ${set}
    where tenant_id = ${tenantId} and connection_id = ${connectionId} and trigger = ${trigger}
      and generation = ${generation}
    returning generation`.execute(trx);
  if (rows.length === 0) throw new LeaseLost(`${trigger} of connection ${connectionId} is another node's now`);
}

/** A SaaS that wants to be left alone means the account, not one trigger of it. */
async function holdBack(trx: Transaction<Database>, lease: PollLease, until: number): Promise<void> {
  const { tenantId, connectionId } = lease;
  await sql`
    update connector.poll_cursors set not_before = greatest(not_before, ${new Date(until)}::timestamptz)
    where tenant_id = ${tenantId} and connection_id = ${connectionId}`.execute(trx);
}
