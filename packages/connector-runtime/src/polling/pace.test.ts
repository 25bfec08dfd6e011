import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextTurn, type Pace, paceLimits, type TurnEnd } from './pace.ts';

const limits = fc
  .tuple(fc.integer({ min: 10, max: 86_400 }), fc.integer({ min: 10, max: 86_400 }))
  .map(([seconds, ceiling]) => paceLimits(seconds, ceiling * 1000));
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const end: fc.Arbitrary<TurnEnd> = fc.oneof(
  fc.constantFrom<TurnEnd>({ kind: 'busy' }, { kind: 'quiet' }, { kind: 'unfinished' }),
  fc.record({ kind: fc.constant('failed' as const), retryAfterMs: fc.option(fc.nat(86_400_000), { nil: undefined }) }),
);
const turns = fc.array(fc.tuple(end, random), { minLength: 1, maxLength: 60 });

describe('any history of turns', () => {
  it('keeps the interval between the fastest and the slowest, and every wait bounded', () => {
    fc.assert(
      fc.property(limits, fc.nat(100_000_000), turns, (bounds, start, history) => {
        let pace: Pace = { intervalMs: start, failures: 0 };
        for (const [turn, value] of history) {
          const next = nextTurn(pace, turn, bounds, () => value);
          expect(next.intervalMs).toBeGreaterThanOrEqual(bounds.minMs);
          expect(next.intervalMs).toBeLessThanOrEqual(bounds.maxMs);
          const asked = turn.kind === 'failed' ? (turn.retryAfterMs ?? 0) : 0;
          expect(next.waitMs).toBeGreaterThanOrEqual(asked);
          expect(next.waitMs).toBeLessThanOrEqual(Math.max(bounds.maxMs * 1.1 + 1, 5_000, asked + 1_001));
          if (turn.kind !== 'unfinished') expect(next.waitMs).toBeGreaterThanOrEqual(1_000);
          pace = next;
        }
      }),
    );
  });

  it('counts failures in a row, and forgets them at the first page that could be read', () => {
    fc.assert(
      fc.property(limits, turns, (bounds, history) => {
        let pace: Pace = { intervalMs: bounds.minMs, failures: 0 };
        let inRow = 0;
        for (const [turn, value] of history) {
          inRow = turn.kind === 'failed' ? inRow + 1 : 0;
          pace = nextTurn(pace, turn, bounds, () => value);
          expect(pace.failures).toBe(inRow);
        }
      }),
    );
  });

  it('never makes a quiet trigger faster, and always makes a busy one the fastest', () => {
    fc.assert(
      fc.property(limits, random, fc.nat(1_000_000_000), (bounds, value, intervalMs) => {
        const kept = Math.min(Math.max(intervalMs, bounds.minMs), bounds.maxMs);
        const next = (kind: 'busy' | 'quiet' | 'unfinished') =>
          nextTurn({ intervalMs, failures: 3 }, { kind }, bounds, () => value);
        expect(next('quiet').intervalMs).toBeGreaterThanOrEqual(kept);
        expect(next('busy').intervalMs).toBe(bounds.minMs);
        expect(next('unfinished')).toMatchObject({ intervalMs: bounds.minMs, waitMs: 0 });
      }),
    );
  });
});

it('a quiet trigger gets four times slower, but not beyond the ceiling, nor faster than its manifest', () => {
  expect(paceLimits(60, 900_000)).toEqual({ minMs: 60_000, maxMs: 240_000 });
  expect(paceLimits(600, 900_000)).toEqual({ minMs: 600_000, maxMs: 900_000 });
  expect(paceLimits(3600, 900_000)).toEqual({ minMs: 3_600_000, maxMs: 3_600_000 });
});
