import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { type FormatName, formats } from './format.ts';
import { findingWith, HOSTILE, reportOf, sampleReport } from './test-report.ts';

const plain = { color: false, quiet: false };
const names = Object.keys(formats) as FormatName[];
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom(...HOSTILE));
/** All UTF-16, halves of pairs among them. */
const anyUnits = fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units));

describe.each(names)('the %s format', (name) => {
  it('gives the same bytes for the same report', () => {
    expect(formats[name](sampleReport('a'), plain)).toBe(formats[name](sampleReport('a'), plain));
  });

  it('has each finding and each file that could not be read', () => {
    const text = formats[name](sampleReport('a'), plain);
    expect(text.match(/is used by nothing/g)?.length).toBeGreaterThanOrEqual(2);
    expect(text).toContain('CLI_FILE_MISSING');
  });
});

describe('pretty', () => {
  it('shows no character of a manifest that a terminal would act on', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, anyUnits), (text) => {
        const shown = formats.pretty(sampleReport(text), plain);
        expect(shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(shown.split('\n')).toHaveLength(formats.pretty(sampleReport('a'), plain).split('\n').length);
      }),
    );
  });

  it('marks the place in its line', () => {
    const place = { line: 3, column: 7, endLine: 3, endColumn: 11, excerpt: '  \u0007: abcd rest', excerptColumn: 5 };
    const report = reportOf([{ file: 'a.json', findings: [{ ...findingWith('a'), place }], repaired: [] }]);
    const lines = formats.pretty(report, plain).split('\n');
    const at = lines.findIndex((line) => line.includes('3 |   \\u0007: abcd rest'));
    expect(lines[at + 1]?.trim()).toBe('^^^^');
    expect(lines[at + 1]?.indexOf('^')).toBe(lines[at]?.indexOf('abcd'));
  });

  it('says why once for each rule, and colours only when asked', () => {
    const text = formats.pretty(sampleReport('a'), plain);
    expect(text.match(/^ +why /gm)).toHaveLength(1);
    expect(text.match(/^ +fix /gm)).toHaveLength(2);
    expect(text).not.toContain('\u001b');
    expect(formats.pretty(sampleReport('a'), { color: true, quiet: false })).toContain('\u001b[31m');
  });

  it('is silent when quiet and nothing is wrong', () => {
    const good = reportOf([{ file: 'good.json', findings: [], repaired: [] }]);
    expect(formats.pretty(good, { color: false, quiet: true })).toBe('');
  });
});

describe('junit', () => {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    isArray: (name) => name === 'testcase',
    processEntities: true,
    htmlEntities: true,
  });

  it('counts what it holds', () => {
    const { testsuites } = parser.parse(formats.junit(sampleReport('a'), plain));
    expect(testsuites).toMatchObject({ tests: '4', failures: '1', errors: '1' });
    expect(testsuites.testsuite).toMatchObject([
      { name: 'good.json', tests: '1', failures: '0', errors: '0' },
      { name: 'a.json', tests: '2', failures: '1', errors: '0' },
      { name: 'gone.json', tests: '1', failures: '0', errors: '1' },
    ]);
    const [, bad] = testsuites.testsuite;
    expect(bad.testcase[0].failure).toMatchObject({ type: 'scope-unused' });
    expect(bad.testcase[1]).not.toHaveProperty('failure');
  });

  it('is XML that a parser reads alike, whatever a manifest says', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, anyUnits), (text) => {
        const xml = formats.junit(sampleReport(text), plain);
        expect(XMLValidator.validate(xml)).toBe(true);
        expect(xml).not.toMatch(/[^\t\n\x20-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u);
        const { testsuites } = parser.parse(xml);
        expect(testsuites.testsuite).toHaveLength(3);
        expect(testsuites.testsuite[1].testcase).toHaveLength(2);
        expect(testsuites.testsuite[1].testcase[0].failure.type).toBe('scope-unused');
      }),
    );
  });

  it('keeps what XML can hold', () => {
    const text = `<a href='x'>&amp; "b" ]]> \u{1f600}`;
    const { testsuites } = parser.parse(formats.junit(reportOf([{ file: text, findings: [], repaired: [] }]), plain));
    expect(testsuites.testsuite.name).toBe(text);
  });
});

describe('github', () => {
  /** How the runner reads a line: a command, its properties, its message. */
  const command = /^::(error|warning) ([^:]*)::(.*)$/;

  it('lets no manifest start a command or a property of its own', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, anyUnits), (text) => {
        const lines = formats.github(sampleReport(text), plain).split(/\r\n|\r|\n/);
        expect(lines).toHaveLength(4);
        for (const line of lines.slice(0, 3)) {
          const [, , properties = ''] = command.exec(line.replaceAll(/[\u2028\u2029]/g, '')) ?? [];
          const keys = properties.split(',').map((property) => property.split('=', 1)[0]);
          expect([
            ['file', 'title'],
            ['file', 'line', 'endLine', 'col', 'endColumn', 'title'],
          ]).toContainEqual(keys);
        }
      }),
    );
  });

  it('escapes as the runner unescapes', () => {
    const finding = { ...findingWith('a'), message: '100%: it, all', fix: 'Do\r\nthis.' };
    const [line] = formats
      .github(reportOf([{ file: 'a,b:c.json', findings: [finding], repaired: [] }]), plain)
      .split('\n');
    expect(line).toBe(
      '::error file=a%2Cb%3Ac.json,line=3,endLine=3,col=5,endColumn=9,title=scope-unused::' +
        '/scopes/a: 100%25: it, all%0ADo%0D%0Athis.%0Adocs/rules/scope-unused.md',
    );
  });
});
