import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSecretSearch } from './secret-search.ts';

describe('the search for secrets', () => {
  const secret = randomBytes(32).toString('base64url');
  const holdsSecret = createSecretSearch([secret]);

  it('finds a planted one in every encoding, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (before, after) => {
        for (const encode of [
          (text: string) => text,
          (text: string) => Buffer.from(text).toString('base64'),
          (text: string) => Buffer.from(text).toString('base64url'),
          (text: string) => Buffer.from(text).toString('hex'),
          (text: string) => Buffer.from(text).toString('hex').toUpperCase(),
          (text: string) => encodeURIComponent(text.toWellFormed()),
          (text: string) => JSON.stringify({ message: text }),
        ]) {
          expect(holdsSecret(encode(`${before}${secret}${after}`))).toBe(true);
        }
      }),
    );
  });

  it('finds tokens that a vendor made meanwhile', () => {
    const random = randomBytes(20).toString('hex');
    for (const text of [`ghs_${random}`, `xoxb-${random}`, `authorization: Bearer ${random}`]) {
      expect(holdsSecret(`{"value":"${text}"}`)).toBe(true);
    }
  });

  it('finds none where there is none', () => {
    expect(holdsSecret(`${randomBytes(32).toString('base64url')} Bearer of good news [secret]`)).toBe(false);
  });
});
