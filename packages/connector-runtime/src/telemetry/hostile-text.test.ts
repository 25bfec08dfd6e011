import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { redactPatterns } from './credential-patterns.ts';
import { createScrubber } from './scrubber.ts';

it('the beginning that many secrets share, again and again, costs no search through all of them', () => {
  const scrubber = createScrubber();
  const secrets = Array.from({ length: 5000 }, () => `xoxb-${randomBytes(24).toString('hex')}`);
  for (const secret of secrets) scrubber.register(secret);
  // Searched one by one, this is over a hundred million comparisons: far beyond the time a test has.
  const hostile = 'xoxb-'.repeat(13_000);
  expect(scrubber.scrub(hostile)).toBe(hostile);
  expect(scrubber.scrub(`${hostile}${secrets[42]}!`)).toMatch(/xoxb-\[secret\]!$/);
});

it('finds the longest of forms that begin alike, whatever came and went', () => {
  const secret = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 4, maxLength: 12 });
  fc.assert(
    fc.property(
      fc.array(secret, { maxLength: 20 }),
      fc.array(secret, { maxLength: 20 }),
      secret,
      (kept, gone, text) => {
        const scrubber = createScrubber();
        for (const one of [...gone, ...kept]) scrubber.register(one);
        for (const one of gone) scrubber.unregister(one);
        const left = scrubber.scrub(text);
        for (const one of kept) expect(left).not.toContain(one);
        if (left === text) return;
        const spans = left.split('[secret]').reduce((sum, part) => sum + part.length, 0);
        expect(spans).toBeLessThan(text.length);
      },
    ),
  );
});

it('a key without an end is redacted, and not searched for one from each of many beginnings', () => {
  const text = `${'-----BEGIN PRIVATE KEY-----\nAAAA\n'.repeat(60_000)}x`;
  expect(redactPatterns(text)).not.toContain('AAAA');
  const whole = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----';
  expect(redactPatterns(`before ${whole} after`)).toBe('before [redacted] after');
});
