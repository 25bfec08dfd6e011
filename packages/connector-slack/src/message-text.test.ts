import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeMrkdwn, inline, linkTarget, plain, quoted, truncateEscaped } from './message-text.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 500 });
const decode = (text: string) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

describe('escaping for mrkdwn', () => {
  it('leaves nothing that Slack parses, and loses nothing', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const escaped = escapeMrkdwn(text);
        expect(escaped).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
        expect(decode(escaped)).toBe(text);
      }),
    );
  });

  it('cuts to the limit, never inside an entity or a character', () => {
    const hostile = fc
      .array(fc.constantFrom('&', '<', '>', 'a', '😀', '&amp;'), { maxLength: 80 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(anyText, hostile), fc.integer({ min: 1, max: 100 }), (text, max) => {
        const wellFormed = text.toWellFormed();
        const cut = truncateEscaped(escapeMrkdwn(wellFormed), max);
        expect(cut.length).toBeLessThanOrEqual(max);
        expect(cut).not.toMatch(/&(?!amp;|lt;|gt;)/);
        expect(cut.isWellFormed()).toBe(true);
        const kept = cut.endsWith('…') && !wellFormed.endsWith('…') ? cut.slice(0, -1) : cut;
        expect(wellFormed.startsWith(decode(kept)) || cut.endsWith('…')).toBe(true);
        expect(plain(wellFormed, max).length).toBeLessThanOrEqual(max);
        expect(plain(wellFormed, max).isWellFormed()).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps what fits', () => {
    expect(inline('a & b < c', 100)).toBe('a &amp; b &lt; c');
    expect(inline('&&&', 8)).toBe('&amp;…');
  });

  it('turns text from outside into one line, or into a quotation whose every line is marked', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(inline(text, 300)).not.toMatch(/[\r\n\u2028\u2029\u202e\u200b]/);
        for (const line of quoted(text, 300).split('\n')) expect(line.startsWith('>')).toBe(true);
      }),
    );
  });
});

describe('a link', () => {
  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://example.com',
    '/relative',
    '',
    `https://example.com/${'x'.repeat(3000)}`,
  ])('is refused: %.40s', (text) => {
    expect(linkTarget(text)).toBeUndefined();
  });

  it('cannot end its own tag', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          anyText.map((text) => `https://example.com/${text}`),
        ),
        (text) => {
          expect(linkTarget(text) ?? '').not.toMatch(/[<>|\s]/);
        },
      ),
    );
  });
});
