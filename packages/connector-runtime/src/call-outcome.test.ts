import { ActionError, type ActionErrorKind } from '@org/connector-sdk';
import { describe, expect, it } from 'vitest';
import { askedToWaitMs, failedOutcome } from './call-outcome.ts';
import type { Effect } from './egress/index.ts';
import { sampleAction } from './runs/test-manifest.ts';

const KINDS: ActionErrorKind[] = ['failed', 'refused', 'retryable', 'outcome-unknown'];

const post = { method: 'POST', host: 'saas.example.com', path: '/', status: 200, durationMs: 1 };

function judge(effect: Effect, kind: ActionErrorKind, { action = sampleAction(), writes = 1 } = {}) {
  const session = {
    effect: () => effect,
    trace: () => Array.from({ length: writes }, () => post),
    retryAfterMs: () => undefined,
    heldBackMs: () => undefined,
  };
  const outcome = failedOutcome(action, new ActionError('SAAS_SAID', 'it said so', { kind }), session);
  return outcome.status === 'not-applied' && outcome.retryable ? 'not-applied, retryable' : outcome.status;
}

describe('a write that failed', () => {
  it.each<[Effect, Record<ActionErrorKind, string>]>([
    [
      'none',
      {
        failed: 'not-applied',
        refused: 'not-applied',
        retryable: 'not-applied, retryable',
        'outcome-unknown': 'unknown',
      },
    ],
    [
      'refused',
      {
        failed: 'not-applied',
        refused: 'not-applied',
        retryable: 'not-applied, retryable',
        'outcome-unknown': 'unknown',
      },
    ],
    // Slack says `ok: false` under a 200: only the connector can read that nothing was done.
    ['applied', { failed: 'unknown', refused: 'not-applied', retryable: 'unknown', 'outcome-unknown': 'unknown' }],
    // No connector's word makes a lost answer safe to send again.
    ['uncertain', { failed: 'unknown', refused: 'unknown', retryable: 'unknown', 'outcome-unknown': 'unknown' }],
  ])('after "%s" at the broker', (effect, expected) => {
    expect(Object.fromEntries(KINDS.map((kind) => [kind, judge(effect, kind)]))).toEqual(expected);
  });
});

it('a write of several requests is not believed to have changed nothing because the last one was refused', () => {
  expect(judge('applied', 'refused', { writes: 2 })).toBe('unknown');
});

describe('a read that failed', () => {
  const read = sampleAction({ effect: 'read', idempotency: { mode: 'safe', resolve: false }, reversible: null });

  it.each<Effect>(['none', 'refused', 'applied', 'uncertain'])('changed nothing, whatever was sent (%s)', (effect) => {
    for (const kind of KINDS) expect(judge(effect, kind, { action: read })).not.toBe('unknown');
  });
});

describe('a request that was held back for want of budget', () => {
  const session = (effect: Effect) => ({
    effect: () => effect,
    trace: () => [],
    retryAfterMs: () => undefined,
    heldBackMs: () => 7_000,
  });
  // Whatever connector code made of it.
  const error = new ActionError('ACTION_FAILED', 'it did not work');

  it('is no attempt when nothing left before it', () => {
    expect(failedOutcome(sampleAction(), error, session('none'))).toMatchObject({
      ...{ status: 'not-applied', retryable: true, retryAfterMs: 7_000, heldBack: true },
    });
  });

  it('leaves an action unknown that had begun', () => {
    expect(failedOutcome(sampleAction(), error, session('applied')).status).toBe('unknown');
  });

  it.each([
    ['SLACK_RATE_LIMITED', { retryAfterSeconds: 30 }, 30_000],
    ['RATE_LIMITED', { retryAfterMs: 7_000 }, undefined],
    ['CONNECTION_FAILING', { retryAfterMs: 7_000 }, undefined],
    ['GITHUB_NOT_FOUND', {}, undefined],
  ])('is told apart from what the SaaS asked for: %s', (code, details, ms) => {
    expect(askedToWaitMs(new ActionError(code, 'x', { details }))).toBe(ms);
  });
});
