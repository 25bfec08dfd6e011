import type { Resolution } from '@org/connector-sdk';
import { sql } from 'kysely';
import type { Db } from '../types/database.ts';
import type { Attempt, Outcome } from '../types/run.ts';

/** What befalls one request to the SaaS. Times are within the action's timeout (30 s) and settle time (60 s). */
export type Fate =
  | 'ok'
  | 'refused-for-good'
  | 'refused-for-now'
  /** It took effect; the reply was lost. */
  | 'reply-lost'
  /** It never arrived; nobody knows. */
  | 'request-lost'
  /** The reply was lost; it takes effect only later. */
  | 'commits-late'
  /** The process dies before it sends, or right after. */
  | 'dies-before'
  | 'dies-after'
  /** The process sleeps, is taken over, wakes within its timeout and sends; its answer comes back to it. */
  | 'sleeps-then-sends'
  /** The process sleeps, is taken over, and only then hears that it was refused. */
  | 'sleeps-then-is-refused'
  /** The host throws instead of answering; the write had taken effect. */
  | 'host-breaks-after';

export const FATES: readonly Fate[] = [
  'ok',
  'refused-for-good',
  'refused-for-now',
  'reply-lost',
  'request-lost',
  'commits-late',
  'dies-before',
  'dies-after',
  'sleeps-then-sends',
  'sleeps-then-is-refused',
  'host-breaks-after',
];

export type Sight = 'sees' | 'is-blind' | 'breaks';

const error = { code: 'SAMPLE_FAILED', message: 'scripted' };

/** A SaaS that counts what really took effect, on the test's clock, and notes effects that no committed intent stood before. */
export function createCountingSaas(db: Db, clock: { now(): number }) {
  const effects: { key: string; at: number }[] = [];
  const unannounced: string[] = [];
  const sleepers: (() => Promise<void>)[] = [];
  let stopped = Promise.withResolvers<'stopped'>();
  const fates: Fate[] = [];
  const sights: Sight[] = [];

  async function apply(attempt: Attempt, at = clock.now()): Promise<void> {
    const { rows } = await sql`
      select 1 from connector.audit_entries where run_id = ${attempt.planned.runId} and kind = 'action.intended'
        and body::json -> 'details' ->> 'step' = ${attempt.stepKey}
        and (body::json -> 'details' ->> 'attempt')::int = ${attempt.attempt}`.execute(db);
    if (rows.length === 0) unannounced.push(attempt.stepKey);
    effects.push({ key: attempt.idempotencyKey, at });
  }

  /** This process is gone. */
  function die(): Promise<never> {
    stopped.resolve('stopped');
    return new Promise<never>(() => undefined);
  }

  /** This process is paused; gives for how long it was. */
  function sleep(): Promise<number> {
    const since = clock.now();
    const paused = new Promise<number>((woken) => {
      sleepers.push(async () => woken(clock.now() - since));
    });
    stopped.resolve('stopped');
    return paused;
  }

  async function run(attempt: Attempt): Promise<Outcome> {
    const unknown: Outcome = { status: 'unknown', error, http: [] };
    const applied: Outcome = { status: 'applied', output: { key: attempt.idempotencyKey }, http: [] };
    switch (fates.shift() ?? 'ok') {
      case 'ok':
        await apply(attempt);
        return applied;
      case 'refused-for-good':
        return { status: 'not-applied', error, retryable: false, http: [] };
      case 'refused-for-now':
        return { status: 'not-applied', error, retryable: true, retryAfterMs: 1_000, http: [] };
      case 'reply-lost':
        await apply(attempt);
        return unknown;
      case 'request-lost':
        return unknown;
      case 'commits-late':
        await apply(attempt, clock.now() + 59_000);
        return unknown;
      case 'dies-before':
        return die();
      case 'dies-after':
        await apply(attempt);
        return die();
      case 'sleeps-then-sends':
        // What wakes after its timeout finds its call aborted.
        if ((await sleep()) > attempt.planned.manifest.timeoutMs) return unknown;
        await apply(attempt, clock.now() + 55_000);
        return applied;
      case 'sleeps-then-is-refused':
        await sleep();
        return { status: 'not-applied', error, retryable: true, http: [] };
      case 'host-breaks-after':
        await apply(attempt);
        throw new Error('the host broke');
    }
  }

  async function resolve({ idempotencyKey }: Attempt): Promise<Resolution<unknown>> {
    const sight = sights.shift() ?? 'sees';
    if (sight === 'breaks') throw new Error('the history could not be read');
    if (sight === 'is-blind') return { outcome: 'unknown', reason: 'the history is not readable now' };
    const seen = effects.some(({ key, at }) => key === idempotencyKey && at <= clock.now());
    return seen ? { outcome: 'applied', output: { key: idempotencyKey } } : { outcome: 'not-applied' };
  }

  return {
    run,
    resolve,
    effects,
    /** Steps whose effect came without a committed audit entry of its intent. */
    unannounced,
    /** Scripts what comes next, request by request and look by look. */
    script(nextFates: readonly Fate[], nextSights: readonly Sight[]) {
      fates.splice(0, fates.length, ...nextFates);
      sights.splice(0, sights.length, ...nextSights);
    },
    /** Resolves when the process that makes the next call dies or is paused in it. */
    nextStop() {
      stopped = Promise.withResolvers();
      return stopped.promise;
    },
    asleep: () => sleepers.length,
    /** Wakes the processes that slept. */
    async wake() {
      for (const wake of sleepers.splice(0)) await wake();
    },
  };
}
