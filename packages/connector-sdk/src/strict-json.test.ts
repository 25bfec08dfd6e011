import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, isConnectorError, parseJsonStrict } from './index.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (isConnectorError(error)) return error.code;
    throw error;
  }
  return 'none';
};

/** Without what RFC 7493 leaves out, and the key that no object holds as data. */
const jsonValue = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('"__proto__"'));

describe('parseJsonStrict', () => {
  it('gives back every value that JSON can hold', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(parseJsonStrict(bytes(JSON.stringify(value)))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('refuses a duplicate key at any depth, however it is escaped', () => {
    expect(codeOf(() => parseJsonStrict(bytes('{"a":1,"a":2}')))).toBe('JSON_DUPLICATE_KEY');
    expect(codeOf(() => parseJsonStrict(bytes('[{"x":{"b":1, "\\u0062" : 2}}]')))).toBe('JSON_DUPLICATE_KEY');
    expect(codeOf(() => parseJsonStrict(bytes('{"a":{"a":1},"b":[{"a":1},{"a":2}],"c":"a\\":"}')))).toBe('none');
  });

  it('refuses a duplicate of any key of any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(), (object, pick) => {
        const keys = Object.keys(object);
        const key = JSON.stringify(keys[pick % keys.length]);
        const text = JSON.stringify({ nested: [object] });
        const doubled = text.replace('[{', () => `[{${key}:0,`);
        expect(codeOf(() => parseJsonStrict(bytes(doubled)))).toBe('JSON_DUPLICATE_KEY');
      }),
    );
  });

  it('refuses a byte-order mark, other encodings and broken text', () => {
    expect(codeOf(() => parseJsonStrict(bytes('\ufeff{}')))).toBe('JSON_NOT_UTF8');
    expect(codeOf(() => parseJsonStrict(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('JSON_NOT_UTF8');
    expect(codeOf(() => parseJsonStrict(bytes('{"a":1,}')))).toBe('JSON_INVALID');
    expect(codeOf(() => parseJsonStrict(bytes('')))).toBe('JSON_INVALID');
  });
});

describe('parseJsonStrict, of what programs read differently', () => {
  it.each([
    '{"__proto__":{"admin":true}}',
    '[{"a":{"\\u005f_proto__":1}}]',
    '{"title":"\\ud83d"}',
    '{"\\udc00":1}',
    '[1e999]',
    '[-1e+400]',
    `[${'9'.repeat(400)}]`,
  ])('refuses %s', (text) => {
    expect(codeOf(() => parseJsonStrict(bytes(text)))).toBe('JSON_INVALID');
  });

  it.each(['{"a":"__proto__ is a word"}', '"\\ud83d\\ude00"', '[1e308]', '"\\u0041"'])('takes %s', (text) => {
    expect(parseJsonStrict(bytes(text))).toEqual(JSON.parse(text));
  });

  it('does not run out of stack', () => {
    const deep = `${'['.repeat(1e5)}"\\u0041"${']'.repeat(1e5)}`;
    expect(codeOf(() => parseJsonStrict(bytes(deep)))).toBe('none');
  });
});

describe('canonicalJson', () => {
  it('has one form per value, whatever the order of keys (RFC 8785)', () => {
    expect(canonicalJson({ b: [1.0, 1e21, 'é'], a: { d: null, c: true } })).toBe(
      '{"a":{"c":true,"d":null},"b":[1,1e+21,"é"]}',
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(object));
      }),
    );
  });

  it('refuses what JSON cannot hold', () => {
    for (const value of [undefined, '\ud83d', Number.NaN, { a: Number.POSITIVE_INFINITY }]) {
      expect(codeOf(() => canonicalJson(value))).toBe('JSON_INVALID');
    }
  });
});
