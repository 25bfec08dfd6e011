import type { LeaseGrant } from './ports.ts';

/** How long a node may use what it was granted. Also: how long it may go on when it does not hear of a block. */
export const LEASE_MS = 6_000;
/** How far ahead a node takes what is not due yet: within it, a busy connection asks once. */
export const HORIZON_MS = 5_000;
/** A lease that is in use is renewed so long before its end. */
export const RENEW_MS = 1_000;

/** What this node may send, by its own timeline. */
export interface Lease {
  readonly until: number;
  readonly turn: string;
  readonly stepMs: number;
  readonly slots: number;
  /** The connection's, on all nodes. */
  readonly concurrency: number;
  tokens: number;
  /** When the next token may be used, or would be. */
  nextAt: number;
  used: number;
}

/** It ends by when it was asked for, and begins by when it came: the moment of the grant lies between. */
export function toLease(grant: LeaseGrant, askedAt: number, now: number): Lease {
  const { turn, tokens, stepMs, slots, concurrency } = grant;
  return {
    until: askedAt + LEASE_MS,
    turn,
    stepMs,
    slots,
    concurrency,
    tokens,
    nextAt: now + grant.firstInMs,
    used: 0,
  };
}

export function useToken(lease: Lease): void {
  lease.tokens -= 1;
  lease.used += 1;
  lease.nextAt += lease.stepMs;
}
