import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { visible } from '../formats/visible.ts';
import { code, inline, table } from './markdown.ts';

/** What stands in HTML between its tags. */
function textOf(html: string): string {
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return html
    .replaceAll(/<!--.*?-->|<[^>]*>/gs, '')
    .replaceAll(/&#(\d+);/g, (_, point: string) => String.fromCodePoint(Number(point)))
    .replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '');
}

const render = (markdown: string) => marked.parse(markdown, { async: false, gfm: true });
const tagsOf = (html: string) => [...new Set([...html.matchAll(/<([a-z0-9]+)/g)].map(([, name]) => name))].sort();
const shown = (text: string) => visible(text.replaceAll(/\s+/g, ' ').trim());

const HOSTILE = [
  '[click](https://evil.example)',
  '![x](https://evil.example/pixel.png)',
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '</td></table><h1>x</h1>',
  '<!-- hidden',
  '--> visible',
  'https://evil.example',
  'www.evil.example',
  'mail me@evil.example',
  '# heading',
  '- item',
  '1. item',
  '1) item',
  '+ item',
  '> quote',
  '=====',
  '***bold*** __x__ ~~gone~~',
  'a | b',
  'a \\| b',
  '`code`',
  '``` \n fence',
  '[x]: https://evil.example',
  '| a | b |\n| --- | --- |\n| c | d |',
  '&lt;b&gt; &#60;b&#62;',
  '\u202e reversed',
  'line\n\n# next',
  '{toString()}',
  '$x^2$',
  '\\',
  '',
];

const texts = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: fc.constantFrom(...'<>[]()!#*_~`|\\-+=.:/@& \n1a'), maxLength: 24 }),
  fc.string({ unit: 'binary', maxLength: 24 }),
);

describe('inline', () => {
  it.each(HOSTILE)('shows %j as it is, and makes nothing of it', (text) => {
    const html = render(inline(text));
    expect(tagsOf(html)).toEqual(shown(text) === '' ? [] : ['p']);
    expect(textOf(html).trim()).toBe(shown(text));
  });

  it('makes nothing but a paragraph of any text, in a table nothing but a cell', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const html = render(inline(text));
        expect(['', 'p']).toContain(tagsOf(html).join());
        expect(textOf(html).trim()).toBe(shown(text));
        const cells = render(table(['h'], [[inline(text)], ['end']]).join('\n'));
        expect(tagsOf(cells)).toEqual(['table', 'tbody', 'td', 'th', 'thead', 'tr']);
        expect(cells.match(/<td>/g)).toHaveLength(2);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps what GitHub would link later apart: people, issues, addresses', () => {
    expect(inline('@team #12 www.x.example')).toBe('@<!-- -->team #<!-- -->12 www<!-- -->.x.example');
  });
});

describe('code', () => {
  it('shows any text as code, also in a table', () => {
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(text.trim() !== '');
        const expected = visible(text.replaceAll(/\s+/g, ' '));
        const html = render(`x ${code(text)} y`);
        expect(tagsOf(html)).toEqual(['code', 'p']);
        expect(textOf(html).trim()).toBe(`x ${expected} y`);
        const cells = render(table(['h'], [[`x ${code(text)}`], ['end']]).join('\n'));
        expect(cells.match(/<td>/g)).toHaveLength(2);
        expect(tagsOf(cells)).toEqual(['code', 'table', 'tbody', 'td', 'th', 'thead', 'tr']);
      }),
      { numRuns: 2000 },
    );
  });
});
