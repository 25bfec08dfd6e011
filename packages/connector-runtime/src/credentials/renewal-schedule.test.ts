import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hardEnd, pauseAfter, softEnd, spreadOf } from './renewal-schedule.ts';

const life = fc.integer({ min: 1, max: 90 * 86_400_000 });
const spread = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

describe('the schedule of renewals', () => {
  it('renews before the end of use, which is before the expiry, for any lifetime', () => {
    fc.assert(
      fc.property(life, spread, (lifeMs, at) => {
        const [obtainedAt, expiresAt] = [1_800_000_000_000, 1_800_000_000_000 + lifeMs];
        const [soft, hard] = [softEnd(expiresAt, obtainedAt, at), hardEnd(expiresAt, obtainedAt)];
        expect(soft).toBeGreaterThan(obtainedAt - 1);
        expect(soft).toBeLessThanOrEqual(Math.ceil(hard));
        expect(hard).toBeLessThan(expiresAt);
      }),
    );
  });

  it('spreads connections that were made together, and each of them over its renewals', () => {
    const ids = Array.from({ length: 200 }, (_, index) => `connection-${index}`);
    const ends = new Set(ids.map((id) => softEnd(3_600_000, 0, spreadOf(id, 1))));
    expect(ends.size).toBeGreaterThan(190);
    expect(spreadOf('a', 1)).not.toBe(spreadOf('a', 2));
    expect(spreadOf('a', 1)).toBe(spreadOf('a', 1));
  });

  it('waits longer with each failure, a minute at most, and not after the first', () => {
    expect([0, 1, 2, 3, 5, 50].map(pauseAfter)).toEqual([0, 0, 1000, 2000, 8000, 60_000]);
  });
});
