import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../manifest.ts';
import type { Json } from './rule.ts';
import { rules } from './rule-set.ts';
import { SCHEMA_KEYWORDS, SCHEMA_TYPES } from './schema-keywords.ts';
import { changed } from './test-manifest.ts';

const ajv = new Ajv2020({ strict: false, logger: false });
const rule = rules.find(({ id }) => id === 'schema-invalid');

function isRefused(schema: Json): boolean {
  if (!rule || !('check' in rule)) throw new Error('the rule is gone');
  const text = JSON.stringify(changed('/actions/get-ticket/output/not', schema));
  return [...rule.check(parseManifest(new TextEncoder().encode(text)), { text })].length > 0;
}

const keyword = fc.constantFrom(...SCHEMA_KEYWORDS.keys(), 'x-note');
const value: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    ...[...SCHEMA_TYPES].map(String),
    'text',
    '',
    '#',
    '#/$defs/a',
    'urn:a',
    '^a$',
    true,
    false,
    null,
    {},
  ),
  fc.constantFrom<Json>(-1, 0, 1, 1.5, 2 ** 53, [], ['a'], ['a', 'a'], ['string', 'null'], [{}], [true, 1], {
    a: true,
  }),
  fc.constantFrom<Json>({ a: ['b'] }, { a: 1 }, { a: {} }, { type: 'string' }, { type: 'text' }, [{ type: 7 }], {
    a: { maxLength: -1 },
  }),
);

describe('schema-invalid', () => {
  it('refuses what the meta-schemas of 2020-12 refuse, as ajv reads them, and nothing else', () => {
    const schema = fc.uniqueArray(fc.tuple(keyword, value), { maxLength: 4, selector: ([name]) => name });
    fc.assert(
      fc.property(schema, (members) => {
        const object = Object.fromEntries(members);
        // ajv would go by its dialect.
        fc.pre(!('$schema' in object));
        expect([object, isRefused(object)]).toEqual([object, ajv.validateSchema(object) !== true]);
      }),
      { numRuns: 1500 },
    );
  });
});
