import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScrubber } from './scrubber.ts';

const secrets = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 40 });
const around = fc.uint8Array({ maxLength: 7 });
const base64 = (before: Uint8Array, secret: string, after: Uint8Array) =>
  Buffer.concat([before, Buffer.from(secret), after]).toString('base64');

/** What of the secret is still in the text: nothing may be, in any form. */
function scrubbed(secret: string, text: string): string {
  const scrubber = createScrubber();
  scrubber.register(secret);
  return scrubber.scrub(text);
}

describe('the scrubber', () => {
  const forms: Record<string, (secret: string) => string> = {
    raw: (secret) => secret,
    'JSON string': (secret) => JSON.stringify(secret).slice(1, -1),
    'hex, lower': (secret) => Buffer.from(secret).toString('hex'),
    'hex, upper': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
    'percent-encoded': (secret) => encodeURIComponent(secret),
    'percent-encoded, lower': (secret) => encodeURIComponent(secret).replaceAll(/%../g, (e) => e.toLowerCase()),
    'form-encoded': (secret) => new URLSearchParams({ v: secret }).toString().slice(2),
    'every byte percent-encoded': (secret) =>
      [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
  };

  it.each(Object.entries(forms))('removes a secret: %s', (_, encode) => {
    fc.assert(
      fc.property(secrets, fc.string(), fc.string(), (secret, before, after) => {
        expect(scrubbed(secret, `${before}\n${encode(secret)}\n${after}`)).not.toContain(encode(secret));
        expect(scrubbed(secret, `<<${encode(secret)}>>`)).toBe('<<[secret]>>');
      }),
    );
  });

  it.each(['base64', 'base64url'] as const)('removes a secret within %s, wherever it starts', (variant) => {
    fc.assert(
      fc.property(secrets, around, around, (secret, before, after) => {
        const text = toVariant(base64(before, secret, after), variant);
        const left = scrubbed(secret, text);
        expect(left).toContain('[secret]');
        const [head = '', tail = ''] = left.split('[secret]');
        // At most the characters that mix bits of the secret with its neighbours stay: one at each side.
        expect(head.length).toBeLessThanOrEqual(Math.ceil((before.length * 8) / 6));
        expect(tail.length).toBeLessThanOrEqual(Math.ceil((after.length * 8) / 6) + 3);
      }),
    );
  });

  it('removes secrets that overlap', () => {
    const scrubber = createScrubber();
    for (const secret of ['abcdefgh', 'efghijkl', 'abcdefghijklmnop']) scrubber.register(secret);
    expect(scrubber.scrub('x abcdefghijkl y abcdefghijklmnop z')).toBe('x [secret] y [secret] z');
  });

  it('removes each of several occurrences', () => {
    expect(scrubbed('hunter22', 'hunter22 and hunter22hunter22')).not.toContain('hunter');
  });

  it('leaves other text as it is', () =>
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(scrubbed('\u{1F511}\u{1F511}secret\u{1F511}', text)).toBe(text);
      }),
    ));

  it('forgets a secret once it was unregistered as often as registered', () => {
    const scrubber = createScrubber();
    scrubber.register('rotated-out');
    scrubber.register('rotated-out');
    scrubber.unregister('rotated-out');
    expect(scrubber.scrub('rotated-out')).toBe('[secret]');
    scrubber.unregister('rotated-out');
    scrubber.unregister('rotated-out');
    expect(scrubber.scrub('rotated-out')).toBe('rotated-out');
  });

  it('keeps a form that another secret shares', () => {
    const scrubber = createScrubber();
    scrubber.register('a b c d e');
    scrubber.register('a+b+c+d+e');
    scrubber.unregister('a b c d e');
    expect(scrubber.scrub('a+b+c+d+e')).toBe('[secret]');
  });
});

function toVariant(text: string, variant: 'base64' | 'base64url'): string {
  return variant === 'base64' ? text : text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
