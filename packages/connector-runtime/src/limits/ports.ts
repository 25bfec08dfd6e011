import type { Priority } from '../types/priority.ts';
import type { RateBlock } from '../types/rate-block.ts';

/** What a manifest declares, or an administrator sets instead. */
export interface RateLimit {
  /** Never more leave in any minute, of all nodes together. */
  readonly requestsPerMinute: number;
  /** Nor more at once. */
  readonly concurrency: number;
}

export interface LimitedConnection {
  readonly id: string;
  readonly tenantId: string;
}

/** Status and headers (lower-case names) of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** One request that wants to leave. */
export interface Departure {
  readonly priority: Priority;
  /** How long it can wait and still be answered in its time. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

export interface LeaseAsk {
  readonly connection: LimitedConnection;
  /** The manifest's. */
  readonly limit: RateLimit;
  readonly tokens: number;
  /** In all, those in use included. */
  readonly slots: number;
  readonly slotsInUse: number;
  /** Given back: what the last grant has left. */
  readonly unusedTokens: number;
  readonly lastTurn: string;
}

export interface LeaseGrant {
  readonly turn: string;
  readonly tokens: number;
  /** From now until the first of them may be used, or would be if there were one; negative when it long could. */
  readonly firstInMs: number;
  /** Between one and the next. */
  readonly stepMs: number;
  readonly slots: number;
  /** The connection's, on all nodes. */
  readonly concurrency: number;
  /** How long nothing at all may leave. */
  readonly blockedMs: number;
}

/** Where all nodes' budgets are kept. Each call is one statement. */
export interface RateLedger {
  lease(ask: LeaseAsk): Promise<LeaseGrant>;
  /** For all nodes, and told to them at once. Never shortens a longer one. */
  block(connection: LimitedConnection, block: RateBlock, forMs: number): Promise<void>;
}

/** Time that only goes forward, in milliseconds, and what to do at a point of it. */
export interface Timeline {
  now(): number;
  /** Gives what calls it off. */
  wake(at: number, work: () => void): () => void;
}
