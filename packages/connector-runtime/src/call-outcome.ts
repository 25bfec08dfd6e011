import { ActionError, isConnectorError, type ManifestAction } from '@org/connector-sdk';
import type { BrokerSession } from './egress/index.ts';
import type { Lookup, PollOutcome } from './types/connector-calls.ts';
import type { Outcome, StepError } from './types/run.ts';
import { isTransient } from './types/transient.ts';

const MAX_RETRY_AFTER_MS = 24 * 3600 * 1000;

/**
 * What a failed attempt means. The connector's error says what it thinks happened, the broker what was really sent; for a
 * write the broker's word counts: only when nothing left, or everything that left was refused, may it be sent again.
 */
export function failedOutcome(
  action: ManifestAction,
  error: unknown,
  session: Pick<BrokerSession, 'effect' | 'trace' | 'retryAfterMs' | 'heldBackMs'>,
): Outcome {
  const http = session.trace();
  const effect = session.effect();
  const stepError = toStepError(error);
  // An answer that says "no" under a status that says "yes" is only readable to the connector.
  // Of several writes it speaks for the last one only.
  const writes = http.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length;
  const deniedInBody = effect === 'applied' && writes === 1 && error instanceof ActionError && error.kind === 'refused';
  const nothingChanged = effect === 'none' || effect === 'refused' || deniedInBody;
  const doubted = error instanceof ActionError && error.kind === 'outcome-unknown';
  if (action.effect === 'write' && (!nothingChanged || doubted)) return { status: 'unknown', error: stepError, http };
  // The broker's word, not the error's: connector code may have made its own of it.
  const heldBack = session.heldBackMs() !== undefined;
  return {
    status: 'not-applied',
    error: stepError,
    retryable: heldBack || isRetryable(error),
    ...(heldBack && effect === 'none' && { heldBack }),
    ...waitAfter(error, session),
    http,
  };
}

/** What a poll that failed means; reading changes nothing, so that it may always be tried again. */
export function failedPoll(error: unknown, session: Waits): PollOutcome {
  const heldBack = session.heldBackMs() !== undefined;
  return { status: 'failed', error: toStepError(error), ...(heldBack && { heldBack }), ...waitAfter(error, session) };
}

/** What a search for an earlier attempt that failed means: nothing about the attempt. It says when to search again where the failure passes. */
export function failedLookup(error: unknown, session?: Waits): Lookup {
  const { code, message } = toStepError(error);
  const unknown = { outcome: 'unknown', reason: `${code}: ${message}` } as const;
  if (session?.heldBackMs() === undefined && !isRetryable(error)) return unknown;
  return { ...unknown, retryAfterMs: 0, ...waitAfter(error, session ?? nothingSent) };
}

const nothingSent: Waits = { retryAfterMs: () => undefined, heldBackMs: () => undefined };

type Waits = Pick<BrokerSession, 'retryAfterMs' | 'heldBackMs'>;

function waitAfter(error: unknown, session: Waits): { readonly retryAfterMs?: number } {
  const retryAfterMs = session.heldBackMs() ?? retryAfterOf(error) ?? session.retryAfterMs();
  return retryAfterMs === undefined ? {} : { retryAfterMs: Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) };
}

function toStepError(error: unknown): StepError {
  if (isConnectorError(error)) return { code: error.code, message: error.message };
  return { code: 'ACTION_FAILED', message: 'the call failed inside the runtime; its log says why' };
}

function isRetryable(error: unknown): boolean {
  if (error instanceof ActionError) return error.kind === 'retryable' || error.kind === 'outcome-unknown';
  // A failure of our own, such as a lost database, passes.
  return !isConnectorError(error) || isTransient(error.code);
}

/** What the runtime itself says of limits and failures comes back through connector code as well. */
const OWN_WAITS: ReadonlySet<string> = new Set(['RATE_LIMITED', 'CONNECTION_FAILING']);

/** How long the SaaS wants to be left alone, as the connector read it in an answer. */
export function askedToWaitMs(error: unknown): number | undefined {
  return error instanceof ActionError && !OWN_WAITS.has(error.code) ? retryAfterOf(error) : undefined;
}

/** A connector that read how long to wait says so in its error's details. */
function retryAfterOf(error: unknown): number | undefined {
  if (!isConnectorError(error)) return undefined;
  const { retryAfterMs, retryAfterSeconds } = error.details;
  const ms = typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1000 : retryAfterMs;
  return typeof ms === 'number' && Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}
