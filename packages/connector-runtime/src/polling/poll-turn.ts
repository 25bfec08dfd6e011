import type { Clock } from '../types/clock.ts';
import type { Log } from '../types/log.ts';
import type { PollFigures } from '../types/poll-figures.ts';
import type { StepError } from '../types/run.ts';
import { nextTurn, type PaceLimits, type TurnEnd } from './pace.ts';
import type { PollLease } from './poll-lease.ts';
import { LeaseLost, type PollRecord } from './poll-record.ts';
import type { PollCalls, PolledWorkflows } from './ports.ts';

export interface TurnPorts {
  readonly calls: PollCalls;
  readonly record: PollRecord;
  readonly workflows: PolledWorkflows;
  readonly paceOf: (lease: PollLease) => PaceLimits;
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

/** How much one turn reads before others have theirs. */
export interface TurnBounds {
  readonly maxPages: number;
  readonly maxMs: number;
}

export interface PollReport extends PollFigures {
  /** ISO 8601: when it was last read before, null for never; and when this turn ended. */
  readonly from: string | null;
  readonly to: string;
  /** False when pages are left: they are read in the next turns. */
  readonly complete: boolean;
  readonly error: StepError | null;
}

/** What ends a turn beside its last page. */
type Stop =
  | { readonly kind: 'unfinished'; readonly waitMs?: number }
  | { readonly kind: 'failed'; readonly error: StepError; readonly retryAfterMs?: number | undefined };

/**
 * Page after page from the stored cursor, each stored before the next is asked for. Undefined when it ended without a word: told
 * to stop, or its lease was another's by then.
 */
export async function pollTurn(
  lease: PollLease,
  ports: TurnPorts,
  { bounds, signal, by }: { readonly bounds: TurnBounds; readonly signal: AbortSignal; readonly by?: string },
): Promise<PollReport | undefined> {
  const { calls, record, clock, log } = ports;
  const { tenantId, connectionId, trigger } = lease;
  const figures = { seen: 0, new: 0, duplicate: 0, tooOld: 0, runs: 0, pages: 0 };
  const endsAt = clock.now() + bounds.maxMs;
  const isFirst = lease.cursor === undefined;
  let cursor = lease.cursor;

  async function readPage(): Promise<Stop | 'more' | 'done'> {
    const outcome = await calls.poll({ tenantId, connectionId, trigger }, cursor, signal);
    if (outcome.status === 'failed') {
      const { heldBack = false, retryAfterMs: waitMs = 0 } = outcome;
      return heldBack ? { kind: 'unfinished', waitMs } : { ...outcome, kind: 'failed' };
    }
    const { events, more } = outcome;
    if (more && outcome.cursor === cursor) return { kind: 'failed', error: standsStill(trigger) };
    const workflows = events.length === 0 ? [] : await ports.workflows.startedBy(tenantId, trigger);
    const stored = await record.savePage(lease, { events, cursor: outcome.cursor, workflows });
    cursor = outcome.cursor;
    figures.pages += 1;
    figures.seen += events.length;
    figures.new += stored.new;
    figures.duplicate = figures.seen - figures.new;
    figures.tooOld += stored.tooOld;
    figures.runs += stored.runs;
    return more ? 'more' : 'done';
  }

  async function readPages(): Promise<Stop | 'done'> {
    for (;;) {
      const page = await readPage();
      if (page !== 'more') return page;
      if (figures.pages >= bounds.maxPages || clock.now() >= endsAt) return { kind: 'unfinished' };
      if (signal.aborted) return { kind: 'unfinished' };
    }
  }

  async function finish(stop: Stop | 'done'): Promise<PollReport> {
    const failed = stop !== 'done' && stop.kind === 'failed' ? stop : undefined;
    const limits = ports.paceOf(lease);
    const failures = figures.pages > 0 ? 0 : lease.failures;
    const before = { intervalMs: lease.intervalMs ?? limits.minMs, failures };
    const next = nextTurn(before, toEnd(stop, isFirst || figures.new > 0), limits, ports.random);
    const waitMs = stop !== 'done' && stop.kind === 'unfinished' ? (stop.waitMs ?? 0) : next.waitMs;
    const { error, retryAfterMs } = failed ?? {};
    const unfinished = stop !== 'done';
    await record.finish(lease, { next: { ...next, waitMs }, figures, unfinished, error, retryAfterMs, by });
    const from = lease.lastSuccessAt === undefined ? null : new Date(lease.lastSuccessAt).toISOString();
    const to = new Date(clock.now()).toISOString();
    return { ...figures, from, to, complete: stop === 'done', error: error ?? null };
  }

  try {
    const stop = await readPages().catch((error: unknown) => notStored(error, lease, log));
    if (signal.aborted && stop !== 'done') {
      await record.release(lease);
      return undefined;
    }
    if (stop !== 'done' && stop.kind === 'failed') {
      log.warn('a poll failed', { tenantId, connectionId, trigger, failures: lease.failures + 1, ...stop.error });
    }
    return await finish(stop);
  } catch (error) {
    // The lease runs out by itself, and whoever takes it reads on from the last page that was stored.
    const what = error instanceof LeaseLost ? 'a poll was taken over' : 'a poll could not be ended';
    log.warn(what, { tenantId, connectionId, trigger, error });
    return undefined;
  }
}

function toEnd(stop: Stop | 'done', isBusy: boolean): TurnEnd {
  if (stop !== 'done') return stop;
  return { kind: isBusy ? 'busy' : 'quiet' };
}

function standsStill(trigger: string): StepError {
  return { code: 'HOST_ANSWER_INVALID', message: `${trigger} says that there is more behind the cursor it was given` };
}

function notStored(error: unknown, { tenantId, connectionId, trigger }: PollLease, log: Log): Stop {
  if (error instanceof LeaseLost) throw error;
  log.error('a page could not be stored', { tenantId, connectionId, trigger, error });
  const message = 'what was read could not be stored, and is read again; the log of the runtime says why';
  return { kind: 'failed', error: { code: 'POLL_NOT_STORED', message } };
}
