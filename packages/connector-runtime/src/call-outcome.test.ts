import { ActionError, type ActionErrorKind } from '@org/connector-sdk';
import { describe, expect, it } from 'vitest';
import { failedOutcome } from './call-outcome.ts';
import type { Effect } from './egress/index.ts';
import { sampleAction } from './runs/test-manifest.ts';

const KINDS: ActionErrorKind[] = ['failed', 'refused', 'retryable', 'outcome-unknown'];

const post = { method: 'POST', host: 'saas.example.com', path: '/', status: 200, durationMs: 1 };

function judge(effect: Effect, kind: ActionErrorKind, { action = sampleAction(), writes = 1 } = {}) {
  const session = {
    effect: () => effect,
    trace: () => Array.from({ length: writes }, () => post),
    retryAfterMs: () => undefined,
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
