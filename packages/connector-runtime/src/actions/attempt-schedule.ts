import type { ManifestAction } from '@org/connector-sdk';

/** How often an attempt is sent before the step fails. */
export const MAX_ATTEMPTS = 5;

/** How long a process may take from its committed intent to the send. After a longer pause it commits a new one first. */
export const MAX_PAUSE_MS = 5_000;

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

/** Full jitter, doubling from one second, at most five minutes; never earlier than what the SaaS asked for. */
export function retryDelayMs(attempt: number, retryAfterMs: number | undefined, random: () => number): number {
  const ceiling = Math.min(1000 * 2 ** (attempt - 1), 5 * MINUTE_MS);
  return Math.max(Math.ceil(random() * ceiling), retryAfterMs ?? 0);
}
