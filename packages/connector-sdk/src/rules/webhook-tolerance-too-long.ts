import { listReceptions } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

const LONGEST_SECONDS = 600;

export const webhookToleranceTooLong = defineMeaningRule({
  id: 'webhook-tolerance-too-long',
  severity: 'warning',
  title: 'A delivery is accepted for ten minutes at most',
  why: 'For that long a delivery that was caught on the way can be sent again; vendors that document a tolerance say five minutes.',
  fix: 'Leave `toleranceSeconds` at its default of 300, and let clocks be set.',
  example: {
    at: '/triggers/ticket-changed/webhook/verification/toleranceSeconds',
    bad: 3600,
    good: 300,
    found: '/triggers/ticket-changed/webhook/verification/toleranceSeconds',
  },
  *check(manifest) {
    for (const [path, { verification }] of listReceptions(manifest)) {
      if (!('toleranceSeconds' in verification)) continue;
      const { toleranceSeconds = 0 } = verification;
      if (toleranceSeconds <= LONGEST_SECONDS) continue;
      yield { path: [...path, 'verification', 'toleranceSeconds'], message: `${toleranceSeconds} s is long` };
    }
  },
});
