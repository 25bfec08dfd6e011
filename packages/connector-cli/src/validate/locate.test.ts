import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locate } from './locate.ts';

function slice(text: string, ...path: (string | number)[]): string {
  const [span] = locate(text, [path]).spans;
  return text.slice(span?.start, span?.end);
}

describe('locate', () => {
  const text = '{ "a": {"b~/": [1, "two", {"c": null}]},\n"d": -1.5e3 }';

  it.each<[string, (string | number)[]]>([
    ['"two"', ['a', 'b~/', 1]],
    ['null', ['a', 'b~/', 2, 'c']],
    ['-1.5e3', ['d']],
    ['"a"', ['a']],
    ['"b~/"', ['a', 'b~/']],
    ['{', ['a', 'b~/', 2]],
    ['{', []],
  ])('finds %s', (found, path) => {
    expect(slice(text, ...path)).toBe(found);
  });

  it.each<[string, (string | number)[]]>([
    ['"a"', ['a', 'missing', 'deeper']],
    ['"two"', ['a', 'b~/', 1, 0]],
    ['{', ['__proto__']],
  ])('finds %s, the nearest above what is not there', (found, path) => {
    expect(slice(text, ...path)).toBe(found);
  });

  it.each<[string, number]>([
    ['', 0],
    ['{"a":', 5],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['[1 2]', 3],
    ['[01]', 2],
    ['[1]]', 3],
    ['"a\nb"', 2],
    ['["\\x"]', 2],
    ['["\\u00zz"]', 2],
    ['[tru]', 1],
    ['\ufeff{}', 0],
    ['{"a":1', 6],
  ])('says where %j stops being JSON', (broken, at) => {
    expect(locate(broken, []).syntaxError).toBe(at);
  });

  it('finds a key that stands twice, also under another spelling', () => {
    const twice = '{"x":{"id":1,"i\\u0064":2}}';
    expect(locate(twice, []).duplicateKey).toEqual({ start: 13, end: 22 });
    expect(locate('[{"a":1},{"a":1}]', []).duplicateKey).toBeUndefined();
  });

  it('survives brackets that are opened a million times', () => {
    const deep = `{"a":${'['.repeat(1e6)}`;
    expect(locate(deep, [['a']])).toEqual({ spans: [{ start: 1, end: 4 }] });
  });

  it('finds every value of any JSON, however it is laid out', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom('', ' ', '\t', '\r\n'), (value, indent) => {
        const laidOut = JSON.stringify(value, null, indent);
        expect(locate(laidOut, [])).toMatchObject({ spans: [] });
        expect(locate(laidOut, []).syntaxError).toBeUndefined();
        const leaves = leavesOf(value);
        const { spans } = locate(
          laidOut,
          leaves.map(({ path }) => path),
        );
        const parsed = spans.map(({ start, end }) => JSON.parse(laidOut.slice(start, end)));
        expect(parsed).toEqual(leaves.map((leaf) => JSON.parse(JSON.stringify(leaf.value))));
      }),
    );
  });

  it('calls JSON what JSON.parse takes, and nothing else', () => {
    const pieces = fc.constantFrom(...'{}[]:,"\\ \n', 'true', 'null', '0', '12', '-', '.5', 'e1', '"a"', '\\u00', 'x');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (tokens) => {
        const any = tokens.join('');
        expect(locate(any, []).syntaxError === undefined, any).toBe(isJson(any));
      }),
      { numRuns: 5000 },
    );
  });
});

function isJson(any: string): boolean {
  try {
    JSON.parse(any);
    return true;
  } catch {
    return false;
  }
}

interface Leaf {
  readonly path: (string | number)[];
  readonly value: unknown;
}

function leavesOf(value: unknown, path: (string | number)[] = []): Leaf[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  if (Array.isArray(value)) return value.flatMap((item, index) => leavesOf(item, [...path, index]));
  return Object.entries(value).flatMap(([key, item]) => leavesOf(item, [...path, key]));
}
