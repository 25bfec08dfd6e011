import type { Clock } from '../types/clock.ts';

/** A token bucket: `burst` at once, and `perSecond` on average. */
export interface DeliveryRate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface DeliveryRateLimit {
  /** Takes one delivery of the endpoint into account; 0, or for how many milliseconds it has to wait. */
  take(endpointId: string): number;
}

const MAX_ENDPOINTS = 10_000;

/**
 * One number per endpoint says it all: when its bucket will be full again (the "theoretical arrival time" of a leaky bucket).
 * An endpoint whose bucket is full needs none.
 */
export function createDeliveryRateLimit({ perSecond, burst }: DeliveryRate, clock: Clock): DeliveryRateLimit {
  const stepMs = 1000 / perSecond;
  const depthMs = burst * stepMs;
  const fullAt = new Map<string, number>();

  function forgetFull(now: number): void {
    for (const [endpointId, at] of fullAt) if (at <= now) fullAt.delete(endpointId);
  }

  return {
    take(endpointId) {
      const now = clock.now();
      if (fullAt.size >= MAX_ENDPOINTS && !fullAt.has(endpointId)) forgetFull(now);
      // A clock that was set back must not close an endpoint for as long as it was set.
      const full = Math.min(Math.max(fullAt.get(endpointId) ?? now, now), now + depthMs);
      const waitMs = full + stepMs - (now + depthMs);
      // Sums of fractions: a billionth of a step is no reason to wait.
      const isTaken = waitMs <= stepMs * 1e-6;
      fullAt.set(endpointId, isTaken ? full + stepMs : full);
      return isTaken ? 0 : waitMs;
    },
  };
}
