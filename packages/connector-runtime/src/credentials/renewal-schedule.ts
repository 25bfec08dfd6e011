import { createHash } from 'node:crypto';

/** Before its expiry, a credential is not used any more, so that it does not end in the middle of a call. */
const MARGIN_MS = 60_000;
const MIN_LEAD_MS = 90_000;
/** A longer life is treated like this one: it would be renewed hours before its end. */
const LONG_LIFE_MS = 3_000_000;

/** Until when it may be used. A short-lived one keeps three quarters of its life. */
export function hardEnd(expiresAt: number, obtainedAt: number | undefined): number {
  if (obtainedAt === undefined) return expiresAt - MARGIN_MS;
  return expiresAt - Math.min(MARGIN_MS, Math.max(0, expiresAt - obtainedAt) / 4);
}

/**
 * From when it is renewed although it still works: 10 to 20 % of its life before the end, `spread` (from 0 up to 1) saying
 * where in between, so that connections made together are not renewed together.
 */
export function softEnd(expiresAt: number, obtainedAt: number | undefined, spread: number): number {
  const life = obtainedAt === undefined ? LONG_LIFE_MS : Math.min(Math.max(0, expiresAt - obtainedAt), LONG_LIFE_MS);
  const lead = Math.min(Math.max(life * (0.1 + spread / 10), MIN_LEAD_MS), life / 2);
  return Math.round(expiresAt - lead);
}

/** The same on every node for one credential, another for the next. */
export function spreadOf(connectionId: string, generation: number): number {
  return createHash('sha256').update(`${connectionId}:${generation}`).digest().readUInt32BE() / 2 ** 32;
}

/** How long the failures so far are taken for the answer of the next caller as well, in milliseconds. */
export function pauseAfter(failures: number): number {
  return failures < 2 ? 0 : Math.min(1000 * 2 ** (failures - 2), 60_000);
}
