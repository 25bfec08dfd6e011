import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Admitted, createAdmission } from './admission.ts';

describe('admission', () => {
  it('takes as many requests as may be in hand, and another when one is answered', () => {
    const admission = createAdmission({ maxRequests: 2 });
    const [first] = [admission.enter(), admission.enter()];
    expect(admission.enter()).toBeUndefined();
    first?.leave();
    first?.leave();
    expect(admission.requests).toBe(1);
    expect(admission.enter()).toBeDefined();
    expect(admission.enter()).toBeUndefined();
  });

  it('counts bytes as they arrive, over all requests, and never holds more than it may', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('take' as const), who: fc.nat(4), bytes: fc.nat(60) }),
      fc.record({ kind: fc.constant('leave' as const), who: fc.nat(4), bytes: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const admission = createAdmission({ maxRequests: 5, maxBytes: 100 });
        const held = new Map<number, { admitted: Admitted; bytes: number }>();
        for (const { kind, who, bytes } of steps) {
          const admitted = held.get(who)?.admitted ?? admission.enter();
          if (admitted === undefined) throw new Error('there was room');
          const before = held.get(who)?.bytes ?? 0;
          held.set(who, { admitted, bytes: before });
          if (kind === 'leave') {
            admitted.leave();
            held.delete(who);
          } else {
            const sum = [...held.values()].reduce((total, one) => total + one.bytes, 0);
            expect(admitted.take(bytes)).toBe(sum + bytes <= 100);
            if (sum + bytes <= 100) held.set(who, { admitted, bytes: before + bytes });
          }
          const sum = [...held.values()].reduce((total, one) => total + one.bytes, 0);
          expect([admission.requests, admission.bytes]).toEqual([held.size, sum]);
          expect(admission.bytes).toBeLessThanOrEqual(100);
        }
      }),
    );
  });
});
