import type { ManifestAction } from '@org/connector-sdk';
import type { Step } from '../types/run.ts';

/** How many attempts may come to an end that somebody sees before the step fails. */
const MAX_SEEN = 5;

/** How many may end with their node: a step that ends the nodes that take it must not be taken for ever. */
const MAX_LOST = 20;

/** The attempts of a step so far. Those lost with their node say nothing about the SaaS: they are counted apart. */
export interface Tries {
  readonly seen: number;
  readonly lost: number;
}

/** A step that is still `intended` is taken over from a process that ended, or was paused, before it could say more. */
export function triesOf({ status, attempts, lost }: Pick<Step, 'status' | 'attempts' | 'lost'>): Tries {
  const lostNow = status === 'intended' ? lost + 1 : lost;
  return { seen: attempts - lostNow, lost: lostNow };
}

export function mayTryAgain({ seen, lost }: Tries): boolean {
  return seen < MAX_SEEN && lost < MAX_LOST;
}

/**
 * How long a process may take from its committed intent to the call of the connector. After a longer pause it commits a new one
 * first; what the connector sends later than that is sent only after another look at whose the run is.
 */
export const MAX_PAUSE_MS = 5_000;

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** An outage of the SaaS is outlived; after the last of these looks a person is asked. */
const LOOKS_AFTER_SETTLED_MS = [0, 2 * MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS];

/** Until when an attempt may be under way; nothing of it leaves later. */
export function lastSendAt(attemptedAt: number, manifest: ManifestAction): number {
  return attemptedAt + MAX_PAUSE_MS + manifest.timeoutMs;
}

/**
 * From when on the absence of an attempt's effect proves that it never came: the attempt may have been sent as late as its
 * timeout allows, and the SaaS may need `settleSeconds` to show it.
 */
export function absenceProvenAt(attemptedAt: number, manifest: ManifestAction): number {
  return lastSendAt(attemptedAt, manifest) + (manifest.idempotency.settleSeconds ?? 0) * 1000;
}

/** When to look again for an attempt whose outcome is unknown; undefined: a person has to. A function of time alone: no counter to lose. */
export function nextLookAt(attemptedAt: number, manifest: ManifestAction, now: number): number | undefined {
  const settled = absenceProvenAt(attemptedAt, manifest);
  return LOOKS_AFTER_SETTLED_MS.map((delay) => settled + delay).find((at) => at > now);
}

/** When to look again after a look that could not be made: sooner, at growing distances, and once more by time alone. */
export function nextTryToLookAt(
  attemptedAt: number,
  manifest: ManifestAction,
  { now, retryAfterMs }: { readonly now: number; readonly retryAfterMs: number },
): number | undefined {
  const planned = nextLookAt(attemptedAt, manifest, now);
  return planned && Math.min(planned, now + Math.max(retryAfterMs, SECOND_MS, (now - attemptedAt) / 2));
}

/** Full jitter, doubling from one second, at most five minutes; never earlier than what the SaaS asked for. */
export function retryDelayMs({ seen }: Tries, retryAfterMs: number | undefined, random: () => number): number {
  const ceiling = Math.min(1000 * 2 ** Math.max(0, seen - 1), 5 * MINUTE_MS);
  return Math.max(Math.ceil(random() * ceiling), retryAfterMs ?? 0);
}
