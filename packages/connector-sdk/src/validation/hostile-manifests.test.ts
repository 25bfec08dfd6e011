import { describe, expect, it } from 'vitest';
import type { Json } from './rule.ts';
import { changed } from './test-manifest.ts';
import { toPointer, validateManifest } from './validate-manifest.ts';

/** What is found in a manifest whose output has this schema of a text, and these definitions. */
function foundIn(text: Json, $defs: Json = {}): string[] {
  const json = JSON.stringify(changed('/actions/get-ticket/output/properties/text', 'HERE'));
  const inner = { $defs, ...(Array.isArray(text) || typeof text !== 'object' ? {} : text) };
  const bytes = Buffer.from(json.replace('"HERE"', () => JSON.stringify(inner)));
  return validateManifest(bytes).map(({ ruleId, path }) => `${ruleId} ${toPointer(path).split('/text').at(-1)}`);
}

function numbered<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

const HERE = '#/properties/text';

// Within the time of a test: each took minutes, or for ever, when it grew with the square.
describe('a manifest that is made to keep its reader busy', () => {
  it('may hold many examples beside many values', () => {
    const values = numbered(60_000, (index) => `v${index}`);
    const found = foundIn({ enum: values, examples: values.map((value) => `${value}!`) });
    expect(found).toHaveLength(60_000);
  });

  it('may hold a long chain of references', () => {
    const chain = numbered(15_000, (index) => [`d${index}`, { $ref: `${HERE}/$defs/d${index + 1}` }] as const);
    expect(foundIn({ $ref: `${HERE}/$defs/d0` }, { ...Object.fromEntries(chain), d15000: {} })).toEqual([]);
  });

  it('may hold many patterns that are large: they are not looked into without end, and not passed', () => {
    const large = numbered(800, (index) => ({ pattern: `^(?:${'(?:a|b)?'.repeat(35)}${index})*$` }));
    const first = foundIn({ anyOf: large });
    expect(first.length).toBeLessThan(800);
    expect(first.at(-1)).toMatch(/^schema-pattern-slow /);
    expect(foundIn({ anyOf: large })).toEqual(first);
  });
});

describe('a reference that leads back to itself', () => {
  it.each<[string, Json, Json]>([
    ['through a name that is escaped', {}, { 'a/b': { $ref: `${HERE}/$defs/a~1b` } }],
    ['through a name that is percent-encoded', {}, { 'ä b': { $ref: `${HERE}/$defs/%C3%A4%20b` } }],
    ['through a place in a list', { anyOf: [{ type: 'string' }, { $ref: `${HERE}/anyOf/1` }] }, {}],
    ['through a dependent schema', { dependentSchemas: { a: { $ref: HERE } } }, {}],
  ])('is found %s', (_, text, $defs) => {
    expect(foundIn(text, $defs)).toEqual([expect.stringMatching(/^schema-reference-circular /)]);
  });
});
