import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { JsonSchema, Schema } from '../index.ts';
import { toJsonSchema } from '../index.ts';
import { compareSchema } from './compare-schema.ts';

type Role = 'input' | 'output';

function kinds(role: Role, before: JsonSchema, after: JsonSchema): string[] {
  return compareSchema(role, role)(before, after, []).map(({ kind }) => kind);
}

const zodKinds = (role: Role, before: Schema, after: Schema) =>
  kinds(role, toJsonSchema(before, role, 'x'), toJsonSchema(after, role, 'x'));

const text = z.string().max(10);
const strict = z.strictObject;
const event = (...types: string[]) =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('a'), id: z.string() }),
    ...types.map((type) => z.object({ type: z.literal(type), at: z.string() })),
  ]);

describe('compareSchema, as zod writes schemas', () => {
  it.each<[string, Schema, Schema, string[], string[]]>([
    ['a longer text', strict({ a: text }), strict({ a: z.string().max(11) }), ['input-widened'], ['output-widened']],
    ['a shorter text', strict({ a: text }), strict({ a: z.string().max(9) }), ['input-narrowed'], ['output-narrowed']],
    ['another pattern', z.string().regex(/a/), z.string().regex(/b/), ['input-changed'], ['output-changed']],
    ['another type', z.string(), z.number(), ['input-changed'], ['output-changed']],
    ['a number for an integer', z.int().max(9).min(0), z.number().max(9).min(0), ['input-widened'], ['output-widened']],
    [
      'a bound that excludes itself',
      z.number().min(0).max(9),
      z.number().gt(0).max(9),
      ['input-narrowed', 'input-narrowed'],
      ['output-narrowed', 'output-narrowed'],
    ],
    ['multiples of a divisor', z.int().multipleOf(6), z.int().multipleOf(3), ['input-widened'], ['output-widened']],
    ['one more choice', z.enum(['a', 'b']), z.enum(['a', 'b', 'c']), ['input-widened'], ['output-widened']],
    ['one choice less', z.enum(['a', 'b']), z.enum(['a']), ['input-narrowed'], ['output-narrowed']],
    ['choices in another order', z.enum(['a', 'b']), z.enum(['b', 'a']), ['schema-respelled'], ['schema-respelled']],
    ['a text for choices that fit', z.enum(['a', 'b']), text, ['input-widened'], ['output-widened']],
    [
      'a text for choices that do not fit',
      z.enum(['a', 'a long choice']),
      text,
      ['input-narrowed', 'input-widened'],
      ['output-narrowed', 'output-widened'],
    ],
    ['null as well', strict({ a: text }), strict({ a: text.nullable() }), ['input-widened'], ['output-widened']],
    ['null no longer', strict({ a: text.nullable() }), strict({ a: text }), ['input-narrowed'], ['output-narrowed']],
    [
      'one more of a union',
      z.union([text, z.int()]),
      z.union([text, z.int(), z.boolean()]),
      ['input-widened'],
      ['output-widened'],
    ],
    [
      'a union in another order',
      z.union([text, z.boolean()]),
      z.union([z.boolean(), text]),
      ['schema-respelled'],
      ['schema-respelled'],
    ],
    [
      'a narrower one of a union',
      z.union([text, z.int()]),
      z.union([z.string().max(3), z.int()]),
      ['input-narrowed'],
      ['output-narrowed'],
    ],
    ['one more event', event('b'), event('b', 'c'), ['input-widened'], ['output-widened']],
    [
      'a new optional property',
      strict({ a: text }),
      strict({ a: text, b: text.optional() }),
      ['input-property-added'],
      ['output-property-added'],
    ],
    [
      'a new required property',
      strict({ a: text }),
      strict({ a: text, b: text }),
      ['input-changed'],
      ['output-property-added'],
    ],
    [
      'a new property with a default',
      strict({ a: text }),
      strict({ a: text, b: text.default('x') }),
      ['input-property-added'],
      ['output-property-added'],
    ],
    [
      'a property less',
      strict({ a: text, b: text }),
      strict({ a: text }),
      ['input-property-removed'],
      ['output-property-removed'],
    ],
    [
      'a property that may be left out',
      strict({ a: text }),
      strict({ a: text.optional() }),
      ['input-property-optional'],
      ['output-property-optional'],
    ],
    [
      'a property that must be given',
      strict({ a: text.optional() }),
      strict({ a: text }),
      ['input-property-required'],
      ['output-property-required'],
    ],
    [
      'a property deep inside',
      strict({ a: z.array(strict({ b: text })).max(3) }),
      strict({ a: z.array(strict({ b: text, c: text.optional() })).max(3) }),
      ['input-property-added'],
      ['output-property-added'],
    ],
    [
      'another default',
      strict({ a: text.default('x') }),
      strict({ a: text.default('y') }),
      ['input-default-changed'],
      ['schema-text-changed'],
    ],
    ['more entries', z.array(text).max(3), z.array(text).max(4), ['input-widened'], ['output-widened']],
    [
      'one more place of a tuple',
      z.tuple([text]),
      z.tuple([text, text]),
      ['input-narrowed', 'input-widened', 'input-widened'],
      ['output-narrowed', 'output-widened', 'output-widened'],
    ],
    [
      'wider keys of a record',
      z.record(z.string().max(3), text),
      z.record(z.string().max(4), text),
      ['input-widened'],
      ['output-widened'],
    ],
    [
      'narrower values of a record',
      z.record(z.string(), text),
      z.record(z.string(), z.string().max(2)),
      ['input-narrowed'],
      ['output-narrowed'],
    ],
    [
      'other words',
      strict({ a: text.describe('x') }),
      strict({ a: text.describe('y') }),
      ['schema-text-changed'],
      ['schema-text-changed'],
    ],
  ])('%s', (_, before, after, input, output) => {
    expect(zodKinds('input', before, after)).toEqual(input);
    expect(zodKinds('output', before, after)).toEqual(output);
  });

  it('compares recursive schemas once around', () => {
    const tree = (max: number): z.ZodType => {
      const node: z.ZodType = z.lazy(() => strict({ name: z.string().max(max), children: z.array(node).max(9) }));
      return node;
    };
    expect(zodKinds('input', tree(10), tree(11))).toEqual(['input-widened']);
    expect(zodKinds('input', tree(10), tree(9))).toEqual(['input-narrowed']);
  });
});

const $schema = 'https://json-schema.org/draft/2020-12/schema';
const object = (properties: object, more: object = {}): JsonSchema => ({
  $schema,
  type: 'object',
  properties,
  ...more,
});
const closed = { additionalProperties: false };

describe('compareSchema, for what it cannot tell', () => {
  it.each<[string, JsonSchema, JsonSchema]>([
    ['not', { not: { type: 'string' } }, { not: { type: 'number' } }],
    ['a wider not', { not: { maxLength: 3 } }, { not: { maxLength: 4 } }],
    ['if', { if: { type: 'string' }, else: false }, { if: { type: 'number' }, else: false }],
    ['contains', { contains: { const: 1 } }, { contains: { type: 'number' } }],
    ['dependent schemas', { dependentSchemas: { a: { required: ['b'] } } }, { dependentSchemas: {} }],
    [
      'unevaluated properties',
      object({ a: {} }, { unevaluatedProperties: false }),
      object({ a: {}, b: {} }, { unevaluatedProperties: false }),
    ],
    [
      'a oneOf whose branches overlap',
      { oneOf: [{ type: 'string' }, { maxLength: 3 }] },
      { oneOf: [{ type: 'string' }, { maxLength: 2 }] },
    ],
    ['a keyword named like an inherited member', { type: 'string' }, { type: 'string', toString: 'x' }],
    ['an unknown keyword', { type: 'string' }, { type: 'string', divisibleBy: 3 }],
    [
      'a reference that leads nowhere',
      { $ref: '#/$defs/a', $defs: { a: { type: 'string' } } },
      { $ref: '#/$defs/b', $defs: { a: { type: 'string' } } },
    ],
    ['a reference elsewhere', { type: 'string' }, { $ref: 'https://x.example/schema' }],
    [
      'a reference beside constraints',
      { $ref: '#/$defs/a', maxLength: 3, $defs: { a: {} } },
      { $ref: '#/$defs/a', maxLength: 4, $defs: { a: {} } },
    ],
    ['a reference to itself', { $ref: '#' }, { $ref: '#', $defs: {} }],
    [
      'what a reference inside not leads to',
      { not: { $ref: '#/$defs/a' }, $defs: { a: { type: 'string' } } },
      { not: { $ref: '#/$defs/a' }, $defs: { a: { type: 'number' } } },
    ],
    ['items of an old draft', { items: [{ type: 'string' }] }, { items: [{ type: 'string' }, {}] }],
    [
      'patterns of names',
      object({}, { patternProperties: { '^a': { type: 'string' } } }),
      object({ a: {} }, { patternProperties: { '^a': { type: 'string' } } }),
    ],
    ['a property that was open', object({}), object({ a: { type: 'string' } })],
    ['malformed keywords', { maxLength: 'x' }, { maxLength: 3 }],
  ])('takes %s as breaking', (_, before, after) => {
    expect(compareSchema('input', 'input')(before, after, []).map((change) => change.class)).toContain('breaking');
    // For what comes out, a new property is a feature however open the object was.
    if (_ === 'a property that was open') return;
    expect(compareSchema('output', 'output')(before, after, []).map((change) => change.class)).toContain('breaking');
  });

  it.each<[string, object, object]>([
    ['a property that was optional', object({ a: {} }, closed), object({ a: {} }, { ...closed, required: ['a'] })],
    ['a new property', object({ a: {} }, closed), object({ a: {}, b: {} }, { ...closed, required: ['b'] })],
    ['a property that is no member', object({}), object({}, { required: ['c'] })],
  ])('does not take an alternative for covered by one that requires %s', (_, before, after) => {
    const union = (...anyOf: object[]): JsonSchema => ({ $schema, anyOf });
    const text = { type: 'string' };
    // Two that could take its place, so that none is paired with it.
    const changes = compareSchema('input', 'input')(
      union(before, text),
      union(after, { ...after, minProperties: 1 }, text),
      [],
    );
    expect(changes.map(({ kind }) => kind)).toContain('input-narrowed');
  });

  it('follows references to where the difference is', () => {
    const schema = (maxLength: number) =>
      object(
        { a: { $ref: '#/$defs/name' }, b: { $ref: '#/$defs/name' } },
        { $defs: { name: { type: 'string', maxLength } } },
      );
    const changes = compareSchema('input', 'input')(schema(3), schema(4), ['actions', 'do-it', 'input']);
    expect(changes.map(({ kind, path }) => [kind, path])).toEqual([
      ['input-widened', '/actions/do-it/input/$defs/name/maxLength'],
    ]);
  });

  it('sees no more than another spelling in a definition that nothing refers to', () => {
    const schema = (maxLength: number) => object({}, { $defs: { name: { maxLength } } });
    expect(kinds('input', schema(3), schema(4))).toEqual(['schema-respelled']);
  });

  it('ends, and says so, for unions that would take too long to compare', () => {
    const nested = (depth: number, leaf: number): unknown =>
      depth === 0
        ? { type: 'string', maxLength: leaf }
        : { anyOf: Array.from({ length: 6 }, (_, index) => object({ a: nested(depth - 1, leaf + index) }, closed)) };
    const [before, after] = [nested(5, 1), nested(5, 2)];
    expect(kinds('input', { a: before }, { a: after }).length).toBeGreaterThan(0);
    expect(kinds('input', object({ a: before }), object({ a: after })).join()).toMatch(/input-(?:changed|narrowed)/);
  });

  it('ends for schemas that are nested without end', () => {
    const nested = (leaf: string): JsonSchema => {
      let schema: object = { type: leaf };
      for (let depth = 0; depth < 5_000; depth += 1) schema = { items: schema };
      return { $schema, ...schema };
    };
    expect(kinds('input', nested('string'), nested('number'))).toEqual(['input-changed']);
  });
});
