import type { Log } from '../types/log.ts';
import type { RateBlock } from '../types/rate-block.ts';
import { HORIZON_MS, type Lease, RENEW_MS, toLease, useToken } from './lease.ts';
import type { LimitedConnection, RateLedger, RateLimit, Timeline } from './ports.ts';

/** Who got nothing, or could not ask, asks again after so long; sooner when another node says that it gave something up. */
const ASK_AGAIN_MS = 1_000;
/** Who got less than it wanted asks for more after so long. */
const ASK_MORE_MS = HORIZON_MS / 4;
/** The ledger gives what there is. */
const ALL_SLOTS = 10_000;

export interface BudgetPorts {
  readonly ledger: RateLedger;
  readonly time: Timeline;
  readonly log: Log;
  /** Something may leave now that could not before. */
  readonly onChange: () => void;
  /** No budget can be had for so long. */
  readonly onUnavailable: (forMs: number) => void;
}

/** What one node may send over one connection: a slice of the budget that all nodes share. */
export interface LeasedBudget {
  /** When a request could leave with so many before it, as far as this node can tell. */
  expectedAt(ahead: number): number;
  /** Counts one out if it may leave now. */
  take(): boolean;
  /** One that left is over. */
  release(): void;
  /** To be called after every change: asks for more when so many wait, and comes back when there is something to do. */
  tend(waiting: number, limit: RateLimit): void;
  /** Nothing leaves for so long, from any node. */
  block(block: RateBlock, forMs: number): void;
  blockedElsewhere(forMs: number): void;
  /** Another node wants a share, or gave one up. */
  shareAgain(): void;
  /** What is leased is not used any more: what happened meanwhile is not known. */
  endLease(): void;
  stop(): Promise<void>;
  readonly inUse: number;
  readonly stepMs: number;
  readonly isIdle: boolean;
}

export function createLeasedBudget(connection: LimitedConnection, ports: BudgetPorts): LeasedBudget {
  const { ledger, time, log, onChange, onUnavailable } = ports;
  let lease: Lease | undefined;
  let inUse = 0;
  // What the ledger counts as ours beyond the lease: in use when it gave us less.
  let heldOver = 0;
  let usedBefore = 0;
  let asking: Promise<void> | undefined;
  let mustAsk = false;
  let askAt = Number.NEGATIVE_INFINITY;
  let failedUntil = Number.NEGATIVE_INFINITY;
  let blockedUntil = Number.NEGATIVE_INFINITY;
  let callOff = () => {};
  let isStopped = false;
  let written: Promise<unknown> = Promise.resolve();

  function isLive(now: number): boolean {
    return lease !== undefined && now < lease.until;
  }

  /** When the ledger is to be asked next; infinity: there is no need. */
  function askDueAt(waiting: number, now: number): number {
    const isOver = heldOver > 0 && inUse <= (lease?.slots ?? 0);
    if (mustAsk || isOver) return Math.max(now, failedUntil);
    return Math.max(failedUntil, Math.min(renewDueAt(waiting, now), moreDueAt(waiting, now)));
  }

  /** Slots in use are kept however little there is to send. */
  function renewDueAt(waiting: number, now: number): number {
    if (inUse === 0 && (waiting === 0 || now < blockedUntil)) return Number.POSITIVE_INFINITY;
    if (lease === undefined || !isLive(now)) return inUse > 0 ? now : Number.POSITIVE_INFINITY;
    return lease.until - RENEW_MS;
  }

  function moreDueAt(waiting: number, now: number): number {
    if (waiting === 0 || now < blockedUntil) return Number.POSITIVE_INFINITY;
    const isSpent = lease === undefined || !isLive(now) || lease.tokens === 0 || lease.slots === 0;
    return isSpent ? askAt : Number.POSITIVE_INFINITY;
  }

  function leaveDueAt(waiting: number, now: number): number {
    if (waiting === 0) return Number.POSITIVE_INFINITY;
    if (now < blockedUntil) return blockedUntil;
    const hasSlot = lease !== undefined && isLive(now) && lease.tokens > 0 && inUse < lease.slots;
    return hasSlot ? Math.max(now, lease?.nextAt ?? now) : Number.POSITIVE_INFINITY;
  }

  async function ask(waiting: number, limit: RateLimit): Promise<void> {
    const askedAt = time.now();
    if (lease && lease.used > 0) usedBefore = lease.used;
    else if (lease && askedAt > lease.until) usedBefore = 0;
    const unusedTokens = lease?.tokens ?? 0;
    // Given back with the question: not used while it is asked.
    if (lease) lease = { ...lease, tokens: 0 };
    mustAsk = false;
    const isWanting = !isStopped && (waiting > 0 || inUse > 0);
    const tokens = isWanting && waiting > 0 && askedAt >= blockedUntil ? waiting + usedBefore + 1 : 0;
    try {
      const grant = await ledger.lease({
        connection,
        limit,
        tokens,
        slots: isWanting ? ALL_SLOTS : 0,
        slotsInUse: inUse,
        unusedTokens,
        lastTurn: lease?.turn ?? '-1',
      });
      const now = time.now();
      lease = toLease(grant, askedAt, now);
      heldOver = Math.max(0, inUse - grant.slots);
      blockedUntil = Math.max(blockedUntil, now + grant.blockedMs);
      askAt = now;
      if (grant.slots === 0 || (tokens > 0 && grant.tokens === 0)) {
        askAt += Math.max(ASK_AGAIN_MS, grant.firstInMs - HORIZON_MS);
      } else if (grant.tokens < tokens) askAt += ASK_MORE_MS;
    } catch (error) {
      // Nothing leaves without a lease. What the ledger did with the question is not known: nothing is given back twice.
      log.warn('the budget of a connection could not be leased', { connectionId: connection.id, error });
      failedUntil = time.now() + ASK_AGAIN_MS;
      onUnavailable(ASK_AGAIN_MS);
    } finally {
      asking = undefined;
    }
  }

  /** Until it is written, or over. This node keeps it in any case. */
  async function write(block: RateBlock, until: number): Promise<void> {
    const leftMs = until - time.now();
    if (leftMs <= 0 || isStopped) return;
    try {
      await ledger.block(connection, block, leftMs);
    } catch (error) {
      log.warn('other nodes could not be told of a rate limit', { connectionId: connection.id, error });
      time.wake(time.now() + ASK_AGAIN_MS, () => void write(block, until));
    }
  }

  return {
    expectedAt(ahead) {
      const now = time.now();
      const from = Math.max(now, blockedUntil);
      if (lease === undefined) return from;
      return Math.max(from, lease.nextAt + ahead * lease.stepMs);
    },

    take() {
      const now = time.now();
      if (isStopped || asking || now < blockedUntil || lease === undefined || !isLive(now)) return false;
      if (lease.tokens === 0 || lease.nextAt > now || inUse >= lease.slots) return false;
      useToken(lease);
      inUse += 1;
      return true;
    },

    release() {
      inUse -= 1;
    },

    tend(waiting, limit) {
      callOff();
      if (asking || isStopped) return;
      const now = time.now();
      const due = askDueAt(waiting, now);
      if (due <= now) {
        asking = ask(waiting, limit).then(onChange);
        return;
      }
      const next = Math.min(due, leaveDueAt(waiting, now));
      if (next < Number.POSITIVE_INFINITY) callOff = time.wake(next, onChange);
    },

    block(block, forMs) {
      const until = time.now() + forMs;
      if (until <= blockedUntil) return;
      blockedUntil = until;
      written = Promise.all([written, write(block, until)]);
      onChange();
    },

    blockedElsewhere(forMs) {
      blockedUntil = Math.max(blockedUntil, time.now() + forMs);
      onChange();
    },

    shareAgain() {
      mustAsk = isLive(time.now());
      askAt = Number.NEGATIVE_INFINITY;
      onChange();
    },

    endLease() {
      if (lease) lease = { ...lease, until: Number.NEGATIVE_INFINITY, tokens: 0 };
      onChange();
    },

    async stop() {
      isStopped = true;
      callOff();
      await asking;
      await written;
      const now = time.now();
      if (isLive(now) && lease) await ask(0, { requestsPerMinute: 1, concurrency: lease.concurrency });
    },

    get inUse() {
      return inUse;
    },
    get stepMs() {
      return lease?.stepMs ?? 0;
    },
    get isIdle() {
      const now = time.now();
      return inUse === 0 && !asking && !isLive(now) && now >= blockedUntil;
    },
  };
}
