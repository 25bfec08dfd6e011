import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JsonSchema } from '../index.ts';
import { compareSchema } from './compare-schema.ts';

const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });

/** From few names, numbers and texts, so that two schemas often have something to do with each other. */
const size = fc.nat(3);
const name = fc.constantFrom('a', 'b', 'kind');
const word = fc.constantFrom('', 'a', 'ab', 'abcd', 'kind');
const scalar = fc.oneof(word, fc.integer({ min: -2, max: 6 }), fc.constantFrom(0.5, true, false, null));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

const { schema } = fc.letrec<{ schema: unknown; text: object; number: object; object: object; array: object }>(
  (tie) => {
    const record = (shape: Record<string, fc.Arbitrary<unknown>>) =>
      fc.record(shape).map((value) => JSON.parse(JSON.stringify(value)));
    const branches = fc.array(tie('schema'), { minLength: 1, maxLength: 3 });
    return {
      text: record({
        type: fc.constant('string'),
        minLength: optional(size),
        maxLength: optional(size),
        pattern: optional(fc.constantFrom('a', 'b$', '^.{2}')),
      }),
      number: record({
        type: fc.constantFrom('number', 'integer'),
        minimum: optional(size),
        exclusiveMaximum: optional(fc.integer({ min: 1, max: 6 })),
        maximum: optional(size),
        multipleOf: optional(fc.constantFrom(1, 2, 3, 0.5)),
      }),
      object: record({
        type: optional(fc.constant('object')),
        properties: optional(fc.dictionary(name, tie('schema'), { maxKeys: 2 })),
        required: optional(fc.uniqueArray(name, { maxLength: 2 })),
        additionalProperties: optional(fc.oneof(fc.boolean(), tie('schema'))),
        patternProperties: fc.option(fc.dictionary(fc.constantFrom('a', 'b'), tie('schema'), { maxKeys: 1 }), {
          nil: undefined,
          freq: 8,
        }),
        propertyNames: fc.option(fc.constantFrom({ maxLength: 1 }, { enum: ['a', 'kind'] }), {
          nil: undefined,
          freq: 8,
        }),
        maxProperties: optional(size),
      }),
      array: record({
        type: optional(fc.constant('array')),
        items: optional(tie('schema')),
        prefixItems: optional(fc.array(tie('schema'), { minLength: 1, maxLength: 2 })),
        maxItems: optional(size),
        uniqueItems: optional(fc.boolean()),
        contains: fc.option(tie('schema'), { nil: undefined, freq: 8 }),
      }),
      schema: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        tie('text'),
        tie('number'),
        fc.record({ type: fc.constantFrom<unknown>('boolean', 'null', ['string', 'null'], ['integer', 'boolean']) }),
        fc.record({ enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 }) }),
        fc.record({ type: fc.constant('string'), const: word }),
        fc.constantFrom<unknown>(true, false, {}, { $ref: '#/$defs/one' }, { $ref: '#/$defs/two' }, { $ref: '#' }),
        tie('object'),
        tie('array'),
        fc.record({ anyOf: branches }),
        fc.record({ oneOf: branches }),
        fc.record({ allOf: branches }),
        fc.record({ anyOf: branches, type: fc.constantFrom<unknown>('string', 'object', ['string', 'integer']) }),
        fc.record({ not: tie('schema') }),
      ),
    };
  },
);

const root = fc
  .tuple(
    fc.dictionary(name, schema, { maxKeys: 3 }),
    fc.uniqueArray(name, { maxLength: 2 }),
    schema,
    schema,
    optional(fc.constant(false)),
  )
  .map(([properties, required, one, two, additionalProperties]): JsonSchema => {
    const body = { type: 'object', properties, required, $defs: { one, two }, additionalProperties };
    return JSON.parse(JSON.stringify(body));
  });

/** Another schema, or the same one with a small change somewhere. */
const pair = fc.oneof(
  fc.tuple(root, root),
  fc
    .tuple(root, fc.nat(), schema)
    .map(([before, place, part]): [JsonSchema, JsonSchema] => [before, changeAt(before, place, part)]),
  fc
    .tuple(root, fc.nat(), size)
    .map(([before, place, number]): [JsonSchema, JsonSchema] => [before, changeNumber(before, place, number)]),
);

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));
const values = fc.array(fc.dictionary(name, value, { maxKeys: 3 }), { minLength: 30, maxLength: 30 });

it('calls no change of an input harmless that refuses a value which was valid', () => {
  let harmless = 0;
  let told = 0;
  fc.assert(
    fc.property(pair, values, ([before, after], candidates) => {
      const isBreaking = compareSchema('input', 'input')(before, after, []).some(
        (change) => change.class === 'breaking',
      );
      fc.pre(!isBreaking);
      const [was, is] = [compile(before), compile(after)];
      fc.pre(was !== undefined && is !== undefined);
      harmless += 1;
      for (const candidate of candidates) {
        if (!was(candidate)) continue;
        told += 1;
        expect(is(candidate)).toBe(true);
      }
    }),
    { numRuns: 500, maxSkipsPerRun: 100 },
  );
  // The test would mean nothing if no value were ever valid.
  expect(harmless).toBe(500);
  expect(told).toBeGreaterThan(500);
});

it('calls no change of an output harmless that lets out a value which was not promised', () => {
  fc.assert(
    fc.property(pair, values, ([before, after], candidates) => {
      const changes = compareSchema('output', 'output')(before, after, []);
      // New properties are told to consumers as a feature: they are more than was promised.
      fc.pre(!changes.some(({ class: weight, kind }) => weight === 'breaking' || kind === 'output-property-added'));
      const [was, is] = [compile(before), compile(after)];
      fc.pre(was !== undefined && is !== undefined);
      for (const candidate of candidates) if (is(candidate)) expect(was(candidate)).toBe(true);
    }),
    { numRuns: 200, maxSkipsPerRun: 100 },
  );
});

/** Undefined for schemas that mean nothing, such as one that refers to itself without end. */
function compile(schema: JsonSchema): ((value: unknown) => boolean) | undefined {
  try {
    const validate = ajv.compile(schema);
    return (candidate) => {
      try {
        return validate(candidate);
      } catch {
        // It refers to itself without end: no value is valid.
        return false;
      }
    };
  } catch {
    return undefined;
  }
}

function changeAt(schema: JsonSchema, place: number, part: unknown): JsonSchema {
  const copy = structuredClone(schema);
  const holders = listHolders(copy).flatMap(([holder, key]) =>
    key === 'items' || key === 'additionalProperties' || holder === copy.properties ? [[holder, key] as const] : [],
  );
  const chosen = holders[place % Math.max(1, holders.length)];
  if (chosen) Reflect.set(chosen[0], chosen[1], part);
  return copy;
}

function changeNumber(schema: JsonSchema, place: number, number: number): JsonSchema {
  const copy = structuredClone(schema);
  const holders = listHolders(copy).filter(
    ([holder, key]) => typeof Reflect.get(holder, key) === 'number' && key.startsWith('m'),
  );
  const chosen = holders[place % Math.max(1, holders.length)];
  if (chosen) Reflect.set(chosen[0], chosen[1], Math.max(1, number));
  return copy;
}

function listHolders(value: unknown): [object, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]): [object, string][] => [[value, key], ...listHolders(inner)]);
}
