import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { z as z3 } from 'zod/v3';
import { isConnectorError, type Schema, toJsonSchema } from './index.ts';

const ajv = new Ajv2020({ strict: true, strictRequired: false, validateFormats: false });
const accepts = (schema: Schema) => ajv.compile(toJsonSchema(schema, 'input', 'x'));

const refusal = (schema: Schema, io: 'input' | 'output' = 'input'): unknown => {
  try {
    return toJsonSchema(schema, io, 'actions.x.input');
  } catch (error) {
    if (isConnectorError(error)) return [error.code, error.details.path];
    throw error;
  }
};
const at = (path: string) => ['SCHEMA_UNREPRESENTABLE', `actions.x.input${path}`];
const inside = (schema: z.ZodType) => z.object({ payload: schema });
const inside3 = (schema: z3.ZodTypeAny) => z3.object({ payload: schema });
const Endless = { One: 1, Endless: Number.POSITIVE_INFINITY };
const lacking: { a: string } = JSON.parse('{}');

describe('a schema that accepts everything', () => {
  it.each<[string, Schema, string]>([
    ['at the top', z.unknown(), ''],
    ['described', z.any().describe('anything'), ''],
    ['in a member', inside(z.unknown()), '.payload'],
    ['in an optional member', inside(z.any().optional()), '.payload'],
    ['in a list', z.array(inside(z.unknown())), '[].payload'],
    ['in a tuple', z.tuple([z.string(), z.unknown()]), '[1]'],
    ['in a union', inside(z.union([z.string(), z.any()])), '.payload'],
    ['in a record of members', z.record(z.string(), inside(z.unknown())), '.*.payload'],
    ['named for reuse', inside(z.unknown().meta({ id: 'Whatever' })), '.payload'],
    ['in zod 3', z3.any(), ''],
    ['in a member of zod 3', inside3(z3.unknown()), '.payload'],
    ['in a list of zod 3', inside3(z3.array(z3.any())), '.payload[]'],
    ['in a nullable of zod 3', inside3(z3.any().nullable()), '.payload'],
    ['in a union of zod 3', inside3(z3.union([z3.string(), z3.unknown()])), '.payload'],
    ['behind a transform of zod 3', inside3(z3.any().transform(String)), '.payload'],
  ])('is refused %s', (_, schema, path) => {
    expect(refusal(schema)).toEqual(['SCHEMA_UNCONSTRAINED', `actions.x.input${path}`]);
  });

  it.each<[string, Schema]>([
    ['z.json()', inside(z.json())],
    ['a record of unknown', inside(z.record(z.string(), z.unknown()))],
    ['a loose object', z.looseObject({ id: z.string() })],
    ['a record of unknown in zod 3', inside3(z3.record(z3.unknown()))],
  ])('may be said on purpose as %s', (_, schema) => {
    const fits = accepts(schema);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('id', 'payload', 'more'), fc.jsonValue()), (value) => {
        expect(fits(value)).toBe(schema.safeParse(value).success);
      }),
    );
  });
});

describe('a schema that JSON Schema can not repeat', () => {
  it.each<[string, z.ZodType]>([
    ['a date', z.date()],
    ['a bigint', z.bigint()],
    ['a symbol', z.symbol()],
    ['undefined', z.undefined()],
    ['void', z.void()],
    ['NaN', z.nan()],
    ['a map', z.map(z.string(), z.string())],
    ['a set', z.set(z.string())],
    ['a file', z.file()],
    ['a custom check', z.custom<string>((value) => value === 'a')],
    ['an instance', z.instanceof(URL)],
    ['a refinement', z.string().refine((text) => text.length % 2 === 0)],
    ['a refinement of an object', z.object({ a: z.string() }).refine(({ a }) => a !== 'x')],
    ['superRefine', z.string().superRefine((_, ctx) => ctx.addIssue('never'))],
    ['a check', z.string().check((ctx) => void ctx.issues.push({ code: 'custom', input: ctx.value }))],
    ['a catch', z.string().catch('x')],
    ['coercion', z.coerce.number()],
    ['coercion to text', z.coerce.string()],
    ['preprocessing', z.preprocess(String, z.string())],
    ['a transform that may refuse', z.string().transform((text, ctx) => ctx.addIssue('no') ?? text)],
    ['a pipe', z.string().pipe(z.email())],
    ['a transform and a pipe', z.string().transform(Number).pipe(z.number().min(5))],
    ['a codec', z.stringbool()],
    ['an intersection', z.object({ a: z.string() }).and(z.object({ b: z.string() }))],
    ['a loose record', z.looseRecord(z.string().regex(/^x-/), z.string())],
    ['numeric keys', z.record(z.number(), z.string())],
    ['a promise', z.promise(z.string())],
    ['a literal bigint', z.literal(5n)],
    ['a literal undefined', z.literal([undefined, 'a'])],
    ['an endless enum', z.enum(Endless)],
    ['an IPv6 address', z.ipv6()],
    ['a json web token', z.jwt()],
    ['a format checked by code', z.stringFormat('even', (text) => text.length % 2 === 0)],
    ['a pattern with flags', z.string().regex(/^a$/i)],
    ['a sticky pattern', z.string().regex(/a/y)],
    ['a pattern of the v kind', z.string().regex(/^[\p{L}--a]$/v)],
    ['a pattern that is none with u', z.string().regex(/^]$/)],
    ['a pattern that counts halves', z.string().regex(/^.{1,3}$/)],
    ['a pattern that counts all but one', z.string().regex(/^[^a]+$/)],
    ['a pattern that names a half', z.string().regex(/\ud83d/)],
    ['a pattern that means another', z.string().regex(/^p{L}$/)],
    ['a position', z.string().includes('a', { position: 2 })],
    ['trimming before a check', z.string().trim().min(1)],
    ['a fraction', z.number().min(0).max(1).multipleOf(0.1)],
    ['multiples that need not be whole', z.number().multipleOf(3)],
    ['a bound that is none', z.number().max(Number.POSITIVE_INFINITY)],
    ['another protocol', z.url({ protocol: /^(?:ftp|sftp)$/ })],
    ['a default that changes', z.string().default(() => crypto.randomUUID())],
    ['a default that does not fit', z.string().max(3).default('too long')],
    ['a default that is no JSON', z.number().default(Number.NaN)],
    ['a default that lacks a default', z.object({ a: z.string().default('x') }).default(lacking)],
    ['a rule among its annotations', z.string().meta({ pattern: '^a$' })],
    ['a name every object has', z.object({ constructor: z.string().optional() })],
    ['no name', z.object({ '': z.string() })],
    ['keys every object has', z.record(z.enum(['toString']), z.string())],
  ])('is refused in zod 4: %s', (_, schema) => {
    expect(refusal(inside(schema))).toEqual(at('.payload'));
    expect(refusal(z.array(schema))).toEqual(at('[]'));
  });

  it.each<[string, z3.ZodTypeAny]>([
    ['a date', z3.date()],
    ['a bigint', z3.bigint()],
    ['a nullable bigint', z3.bigint().nullable()],
    ['a union with a bigint', z3.union([z3.string(), z3.bigint()])],
    ['a symbol', z3.symbol()],
    ['undefined', z3.undefined()],
    ['void', z3.void()],
    ['NaN', z3.nan()],
    ['a map', z3.map(z3.string(), z3.string())],
    ['a set', z3.set(z3.string())],
    ['a function', z3.function()],
    ['a promise', z3.promise(z3.string())],
    ['an instance', z3.instanceof(URL)],
    ['a custom check', z3.custom<string>((value) => value === 'a')],
    ['a refinement', z3.string().refine((text) => text.length % 2 === 0)],
    ['superRefine', z3.string().superRefine((_, ctx) => ctx.addIssue({ code: 'custom' }))],
    ['a catch', z3.string().catch('x')],
    ['coercion', z3.coerce.number()],
    ['preprocessing', z3.preprocess(String, z3.string())],
    ['a transform that may refuse', z3.string().transform((text, ctx) => ctx.addIssue({ code: 'custom' }) ?? text)],
    ['a pipe', z3.string().pipe(z3.string().email())],
    ['an intersection', z3.object({ a: z3.string() }).and(z3.object({ b: z3.string() }))],
    ['keys that are no texts', z3.record(z3.number(), z3.string())],
    ['a literal bigint', z3.literal(5n)],
    ['an endless enum', z3.nativeEnum(Endless)],
    ['a pattern with flags', z3.string().regex(/^a$/i)],
    ['a pattern that counts halves', z3.string().regex(/^.{1,3}$/)],
    ['an address', z3.string().ip()],
    ['a token', z3.string().jwt()],
    ['an emoji', z3.string().emoji()],
    ['trimming before a check', z3.string().trim().min(1)],
    ['a fraction', z3.number().min(0).max(1).multipleOf(0.1)],
    ['a default that changes', z3.string().default(() => crypto.randomUUID())],
    ['a default that does not fit', z3.string().max(3).default('too long')],
    ['a name every object has', z3.object({ valueOf: z3.string().optional() })],
  ])('is refused in zod 3: %s', (_, schema) => {
    expect(refusal(inside3(schema))).toEqual(at('.payload'));
    expect(refusal(z3.array(schema))).toEqual(at('[]'));
  });

  it('is refused in zod 3 where it holds itself, which the converter makes into anything', () => {
    interface Tree {
      children: Tree[];
    }
    const tree: z3.ZodType<Tree> = z3.object({ children: z3.array(z3.lazy(() => tree)) });
    expect(refusal(tree)).toEqual(at('.children[]'));
  });

  it('names keys that hold dots, and places in tuples and records', () => {
    const deep = z.strictObject({ 'a.b': z.record(z.string(), z.tuple([z.null(), inside(z.date())])) });
    expect(refusal(deep)).toEqual(at('.a.b.*[1].payload'));
    const deep3 = z3.object({ list: z3.record(z3.tuple([z3.null()]).rest(inside3(z3.date()))) });
    expect(refusal(deep3)).toEqual(at('.list.*[].payload'));
  });
});

describe('a transform', () => {
  it.each<[string, Schema]>([
    ['zod 4', z.string().max(3).transform(Number)],
    ['zod 3', z3.string().max(3).transform(Number)],
  ])('may follow an input of %s, and can not tell what comes out', (_, schema) => {
    expect(toJsonSchema(schema, 'input', 'x')).toMatchObject({ type: 'string', maxLength: 3 });
    expect(refusal(schema, 'output')).toEqual(at(''));
  });

  it('may come before what is checked in an output', () => {
    expect(toJsonSchema(z.string().transform(Number).pipe(z.int()), 'output', 'x')).toMatchObject({ type: 'integer' });
    expect(toJsonSchema(z.string().trim().min(2), 'output', 'x')).toMatchObject({ minLength: 2 });
    expect(refusal(z.string().min(1).trim(), 'output')).toEqual(at(''));
    expect(toJsonSchema(z.string().min(1).trim(), 'input', 'x')).toMatchObject({ minLength: 1 });
  });
});

describe('the words of a manifest', () => {
  it('are those that strict validators take: one type at a time, no names of the registry', () => {
    const node = z.object({
      name: z.string().nullable().meta({ id: 'Name' }),
      get next() {
        return node.optional();
      },
    });
    const json = toJsonSchema(
      z.object({ node, tuple: z.tuple([z.string(), z.int().optional()]).readonly() }),
      'output',
      'x',
    );
    expect(JSON.stringify(json)).not.toMatch(/"type":\[|readOnly|"id":"Name"/);
    expect(() => new Ajv2020({ strict: true, strictRequired: false, strictTuples: false }).compile(json)).not.toThrow();
  });

  it('are of draft 2020-12 for tuples of zod 3 too', () => {
    expect(toJsonSchema(z3.tuple([z3.string()]), 'input', 'x')).toMatchObject({
      prefixItems: [{ type: 'string' }],
      items: false,
      minItems: 1,
      maxItems: 1,
    });
    expect(toJsonSchema(z3.tuple([z3.string()]).rest(z3.null()), 'input', 'x')).toMatchObject({
      items: { type: 'null' },
      minItems: 1,
    });
  });

  it('hold no empty list of places, which is no schema', () => {
    for (const empty of [z.tuple([]), z3.tuple([])]) {
      const json = toJsonSchema(empty, 'input', 'x');
      expect(ajv.validate(json, [])).toBe(true);
      expect(ajv.validate(json, [1])).toBe(false);
    }
  });

  it('do not demand of an output what zod gives out as undefined', () => {
    const counts = z.record(z.enum(['open', 'closed']), z.number().optional());
    const given: unknown = JSON.parse(JSON.stringify(counts.parse({ open: 1 })));
    expect(ajv.validate(toJsonSchema(counts, 'output', 'x'), given)).toBe(true);
  });

  it('hold every bound of zod 3, and name what it always gives out', () => {
    const text = z3.string().min(2).min(1).max(3).max(9).startsWith('a').regex(/b/);
    const number = z3.number().min(5).min(1).lt(9).max(9);
    for (const [schema, values] of [
      [text, ['ab', 'b', 'a', 'abbb', 'acd']],
      [number, [5, 4, 8.5, 9]],
    ] as const) {
      const fits = accepts(schema);
      for (const value of values) expect([value, fits(value)]).toEqual([value, schema.safeParse(value).success]);
    }
    const members = z3.object({ a: z3.null().default(null), b: z3.null().optional(), c: z3.null() });
    expect(toJsonSchema(members, 'input', 'x').required).toEqual(['c']);
    expect(toJsonSchema(members, 'output', 'x').required).toEqual(['a', 'c']);
  });

  it('keep title, description, examples and what is deprecated', () => {
    const told = { title: 'T', description: 'D', examples: ['a'], deprecated: true };
    expect(toJsonSchema(z.string().meta(told), 'input', 'x')).toMatchObject(told);
    expect(toJsonSchema(z3.array(z3.string().describe('D')).describe('L'), 'input', 'x')).toMatchObject({
      description: 'L',
      items: { description: 'D' },
    });
  });
});
