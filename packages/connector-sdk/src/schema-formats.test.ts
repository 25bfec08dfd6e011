import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { z as z3 } from 'zod/v3';
import { type Schema, toJsonSchema } from './index.ts';

interface Parses {
  safeParse(value: unknown): { success: boolean };
}

const ajv = new Ajv2020({ strict: true, strictRequired: false, validateFormats: false });
const accepts = (schema: Schema) => ajv.compile(toJsonSchema(schema, 'input', 'x'));

describe('a format', () => {
  const FORMATS: [string, Schema & Parses, string[]][] = [
    ['email', z.email(), ['a@b.co', 'a.b+c@d-e.io', 'a..b@c.de', '.a@b.co', 'a@b', 'ä@b.co']],
    [
      'uuid',
      z.uuid(),
      ['0190b0b0-7a1c-7cc3-98c4-dc0c0c07398f', '00000000-0000-0000-0000-000000000000', 'x', '0190b0b07a1c'],
    ],
    [
      'datetime',
      z.iso.datetime(),
      [
        '2026-11-22T12:00:00Z',
        '2026-11-22T12:00:00.123Z',
        '2026-11-22T12:00Z',
        '2026-02-30T12:00:00Z',
        '2026-11-22T12:00:00+01:00',
      ],
    ],
    [
      'datetime with offset',
      z.iso.datetime({ offset: true, precision: 3 }),
      ['2026-11-22T12:00:00.123+01:00', '2026-11-22T12:00:00.1Z', '2026-11-22T12:00:00.123+99:00'],
    ],
    ['local datetime', z.iso.datetime({ local: true }), ['2026-11-22T12:00', '2026-11-22T12:00:00', '2026-11-22']],
    ['date', z.iso.date(), ['2024-02-29', '2023-02-29', '2026-13-01', '2026-1-1']],
    ['time', z.iso.time(), ['12:00', '12:00:00.5', '24:00', '12:00Z']],
    ['duration', z.iso.duration(), ['P1D', 'PT1H', 'P', 'P1W1D']],
    ['ipv4', z.ipv4(), ['127.0.0.1', '256.0.0.1', '127.1', '01.0.0.0']],
    ['base64', z.base64(), ['', 'YQ==', 'YWI=', 'YQ=', 'YQ', 'a===', 'YWJj\n']],
    ['base64url', z.base64url(), ['', 'YQ', 'YWI', 'A', 'a+b', 'YQ==']],
    ['hostname', z.hostname(), ['a.b', 'localhost', 'a..b', '-a', `${'a'.repeat(64)}.b`]],
    ['cidr', z.cidrv4(), ['10.0.0.0/8', '10.0.0.0/33', '10.0.0.0']],
    ['e164', z.e164(), ['+14155552671', '14155552671', '+0123456']],
    ['ulid', z.ulid(), ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '81ARZ3NDEKTSV4RRFFQ69G5FAV', 'x']],
    ['emoji', z.emoji(), ['😀', '👩‍👩‍👧', 'a', '1']],
    ['hex', z.hex(), ['', 'aF0', 'g']],
    ['parts', z.string().startsWith('a.').endsWith('+z').includes('(b'), ['a.(b+z', 'a.b+z', 'ax(b+z', 'a.\n(b+z']],
    ['lower case', z.string().lowercase(), ['abc', 'aBc', 'é', 'É']],
    ['a template', z.templateLiteral(['id-', z.int()]), ['id-5', 'id-', 'id-5x']],
    ['characters', z.string().regex(/^[\s\S]{2,3}$/u), ['😀', '😀😀', '😀😀😀', '😀😀😀😀', 'ab', 'a']],
    ['email of zod 3', z3.string().email(), ['a@b.co', 'A@B.CO', 'a..b@c.de', '.a@b.co', 'ſ@b.co', 'a@b']],
    [
      'datetime of zod 3',
      z3.string().datetime({ offset: true }),
      ['2026-11-22T12:00:00Z', '2026-11-22T12:00:00+01:00', '2026-11-22T12:00Z', '2026-02-30T12:00:00Z'],
    ],
    [
      'uuid of zod 3',
      z3.string().uuid(),
      ['0190b0b0-7a1c-7cc3-98c4-dc0c0c07398f', '0190B0B0-7A1C-0CC3-08C4-DC0C0C07398F', 'x'],
    ],
    ['date of zod 3', z3.string().date(), ['2024-02-29', '2023-02-29', '2026-13-01']],
    ['base64 of zod 3', z3.string().base64(), ['', 'YQ==', 'YQ', 'YWJj']],
    ['nanoid of zod 3', z3.string().nanoid(), ['V1StGXR8_Z5jdHi6B-myT', 'v', 'V1StGXR8_Z5jdHi6B-my!']],
    ['parts of zod 3', z3.string().startsWith('a.').endsWith('-z'), ['a.-z', 'ab-z', 'a.-zz']],
  ];

  it.each(FORMATS)('%s is the same pattern for zod and for validators', (_, schema, samples) => {
    const fits = accepts(schema);
    const letter = fc.constantFrom(...'aZ0.:-+/=@ \nß😀');
    const changed = fc
      .tuple(fc.constantFrom(...samples), fc.nat(), letter, fc.nat({ max: 2 }))
      .map(([text, place, instead, length]) => {
        const cut = place % (text.length + 1);
        return text.slice(0, cut) + instead + text.slice(cut + length);
      });
    for (const sample of samples) expect([sample, fits(sample)]).toEqual([sample, schema.safeParse(sample).success]);
    expect(new Set(samples.map((sample) => fits(sample))).size).toBe(2);
    fc.assert(
      fc.property(
        changed.filter((text) => text.isWellFormed()),
        (text) => {
          expect([text, fits(text)]).toEqual([text, schema.safeParse(text).success]);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('is named only where its pattern is as strict as the name', () => {
    const named = (schema: Schema) => toJsonSchema(schema, 'input', 'x').format;
    expect([z.uuid(), z.iso.date(), z.iso.datetime(), z.ipv4()].map(named)).toEqual([
      'uuid',
      'date',
      'date-time',
      'ipv4',
    ]);
    expect([z.iso.datetime({ local: true }), z.iso.time(), z.email(), z.cuid2()].map(named)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a URL', () => {
  const ordinary = [
    'https://a.example',
    'http://127.0.0.1:8080/x?y=%20#z',
    'https://a-b.example:65535/',
    'http://localhost/a/b',
  ];
  const unusual = [
    'https:a.example',
    ' https://a.example',
    'https://a.example\n',
    'https://user:pw@a.example/',
    'https://ä.example',
    'javascript:alert(1)',
    'https://[::1]/',
    'https://xn--a.example/',
  ];
  const none = [
    '',
    'a.example',
    'https://',
    'https://a.example:65536/',
    'https://1.2.3.999/',
    'file://a:80/',
    'https://a b.example/',
  ];

  it.each<[string, Schema]>([
    ['zod 4', z.url()],
    ['zod 4 with a protocol', z.url({ protocol: /^https?$/ })],
    ['zod 3', z3.string().url()],
  ])('of %s: whatever a manifest accepts, zod does; of ordinary ones, all', (_, schema) => {
    const fits = accepts(schema);
    for (const url of ordinary) expect([url, fits(url), schema.safeParse(url).success]).toEqual([url, true, true]);
    for (const url of [...unusual, ...none]) expect([url, fits(url)]).toEqual([url, false]);
    for (const url of none) expect([url, schema.safeParse(url).success]).toEqual([url, false]);
    const part = fc.constantFrom(
      'https',
      'http',
      'ftp',
      'file',
      '://',
      ':',
      '/',
      'a',
      'A',
      '.',
      '-',
      '_',
      'xn--',
      '0x1',
      '1',
      '256',
      '80',
      '99999',
      '%2',
      '%20',
      '?',
      '#',
      '@',
      '[',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 9 }).map((parts) => `https://${parts.join('')}`),
        (url) => {
          if (fits(url)) expect([url, schema.safeParse(url).success]).toEqual([url, true]);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('keeps to the protocol and the domain that were named', () => {
    const fits = accepts(z.url({ protocol: /^https$/, hostname: z.regexes.domain }));
    expect(
      ['https://a.example', 'http://a.example', 'https://localhost', 'https://1.2.3.4'].map((url) => fits(url)),
    ).toEqual([true, false, false, false]);
    expect(accepts(z.httpUrl())('https://a.example/x')).toBe(true);
  });

  it('that goes out is whatever the vendor gave', () => {
    expect(toJsonSchema(z.url(), 'output', 'x')).toEqual({ $schema: expect.any(String), type: 'string' });
  });
});

describe('a length', () => {
  it('is counted in characters by zod 4 as by a manifest, and in halves by zod 3: an output is never too short', () => {
    const four = z.string().min(2).max(2);
    for (const text of ['😀', '😀😀', '😀😀😀', 'a😀']) expect(accepts(four)(text)).toBe(four.safeParse(text).success);
    const three = z3.string().max(2);
    expect([accepts(three)('😀😀'), three.safeParse('😀😀').success]).toEqual([true, false]);
    expect(ajv.compile(toJsonSchema(z3.string().min(2), 'output', 'x'))('😀')).toBe(true);
  });
});
