import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDeliveryRateLimit } from './delivery-rate.ts';

function limit(perSecond: number, burst: number) {
  let now = 1_000_000;
  const rate = createDeliveryRateLimit({ perSecond, burst }, { now: () => now });
  return { take: (id = 'e') => rate.take(id), pass: (ms: number) => (now += ms) };
}

describe('a rate of deliveries', () => {
  it('takes a burst, then as many as come back in time, and says how long to wait', () => {
    const { take, pass } = limit(10, 3);
    expect([take(), take(), take()]).toEqual([0, 0, 0]);
    expect(take()).toBeCloseTo(100);
    pass(60);
    expect(take()).toBeCloseTo(40);
    pass(40);
    expect([take(), Math.round(take())]).toEqual([0, 100]);
    pass(10_000);
    expect([take(), take(), take(), Math.round(take())]).toEqual([0, 0, 0, 100]);
  });

  it('of one endpoint says nothing of another', () => {
    const { take } = limit(1, 1);
    expect([take('a'), take('b')]).toEqual([0, 0]);
    expect(take('a')).toBeGreaterThan(0);
  });

  it('does not stay closed when the clock is set back', () => {
    const { take, pass } = limit(10, 2);
    take();
    take();
    pass(-3_600_000);
    expect(take()).toBeLessThanOrEqual(100);
    pass(100);
    expect(take()).toBe(0);
  });

  it('never takes more in any span of time than the burst and the rate give', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.nat(300), { minLength: 1, maxLength: 80 }),
        (perSecond, burst, gaps) => {
          const { take, pass } = limit(perSecond, burst);
          const taken: number[] = [];
          let now = 0;
          for (const gap of gaps) {
            pass(gap);
            now += gap;
            if (take() === 0) taken.push(now);
          }
          for (const [at, from] of taken.entries()) {
            for (const [index, to] of taken.entries()) {
              if (index < at) continue;
              expect(index - at + 1).toBeLessThanOrEqual(burst + ((to - from) * perSecond) / 1000 + 1e-3);
            }
          }
        },
      ),
    );
  });
});
