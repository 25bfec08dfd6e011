import fc from 'fast-check';
import * as z from 'zod';
import { z as z3 } from 'zod/v3';

/** A schema before it is one of zod 4 or of zod 3: what both can say and a manifest takes. */
export type Spec =
  | ({ kind: 'text'; pattern: RegExp | undefined } & Limits)
  | ({ kind: 'number'; whole: boolean; above: number | undefined; multipleOf: number | undefined } & Limits)
  | { kind: 'boolean' | 'null' }
  | { kind: 'literal'; value: string | number | boolean }
  | { kind: 'choice'; values: [string, ...string[]] }
  | ({ kind: 'list'; item: Spec } & Limits)
  | { kind: 'tuple'; items: [Spec, ...Spec[]]; rest: Spec | undefined }
  | { kind: 'object'; members: Record<string, Member>; extra: 'strip' | 'strict' | 'loose' | Spec }
  | { kind: 'record'; names: string[] | undefined; value: Spec }
  | { kind: 'union'; options: [Spec, Spec] }
  | { kind: 'tagged'; options: { a: Spec; b: Spec } }
  | { kind: 'nullable'; inner: Spec };

interface Limits {
  min: number | undefined;
  max: number | undefined;
}

interface Member {
  spec: Spec;
  given: 'always' | 'optional' | 'default';
}

const NAMES = ['id', 'name', 'a.b', 'a/b~c', 'größe', '0', 'const'];
const PATTERNS = [/^[a-z]{2,4}$/, /^[^x]*$/, /^[^x]{1,3}$/u, /b/, /^(?!no)[a-z]+$/, /^a.*z$/, /^\d+$/];
const count = fc.integer({ min: 0, max: 4 });
const bound = fc.integer({ min: -5, max: 5 }).chain((n) => fc.constantFrom(n, n + 0.5, n * 1e9));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const leaf: fc.Arbitrary<Spec> = fc.oneof(
  fc
    .record({ min: maybe(count), max: maybe(count), pattern: maybe(fc.constantFrom(...PATTERNS)) })
    .map((limits) => ({ kind: 'text' as const, ...limits })),
  fc
    .record({
      whole: fc.boolean(),
      min: maybe(bound),
      max: maybe(bound),
      above: maybe(bound),
      multipleOf: maybe(fc.constantFrom(1, 3, 10)),
    })
    .map(({ whole, multipleOf, ...limits }) => ({
      kind: 'number' as const,
      whole,
      ...limits,
      multipleOf: whole ? multipleOf : undefined,
    })),
  fc.constantFrom<Spec>({ kind: 'boolean' }, { kind: 'null' }),
  fc.constantFrom('a', '', 'constructor', 0, 1.5, true).map((value): Spec => ({ kind: 'literal', value })),
  fc.constantFrom<Spec>({ kind: 'choice', values: ['a', 'b'] }, { kind: 'choice', values: ['toString'] }),
);

export const anySpec: fc.Arbitrary<Spec> = fc.letrec<{ spec: Spec; member: Member }>((tie) => ({
  member: fc.record({ spec: tie('spec'), given: fc.constantFrom('always', 'optional', 'default') }),
  spec: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc
      .record({ item: tie('spec'), min: maybe(count), max: maybe(count) })
      .map((l) => ({ kind: 'list' as const, ...l })),
    fc
      .record({ first: tie('spec'), more: fc.array(tie('spec'), { maxLength: 2 }), rest: maybe(tie('spec')) })
      .map(({ first, more, rest }) => {
        const items: [Spec, ...Spec[]] = [first, ...more];
        return { kind: 'tuple' as const, items, rest };
      }),
    fc
      .record({
        members: fc.dictionary(fc.constantFrom(...NAMES), tie('member'), { maxKeys: 4 }),
        extra: fc.oneof(fc.constantFrom('strip' as const, 'strict' as const, 'loose' as const), tie('spec')),
      })
      .map((object): Spec => ({ kind: 'object', ...object })),
    fc
      .record({ names: maybe(fc.subarray(NAMES, { minLength: 1 })), value: tie('spec') })
      .map((record): Spec => ({ kind: 'record', ...record })),
    fc.tuple(tie('spec'), tie('spec')).map((options): Spec => ({ kind: 'union', options })),
    fc.record({ a: tie('spec'), b: tie('spec') }).map((options): Spec => ({ kind: 'tagged', options })),
    tie('spec').map((inner): Spec => ({ kind: 'nullable', inner })),
  ),
})).spec;

/** Values of all kinds: made for the spec, made for it with one thing changed, and made for nothing. */
export function valuesFor(spec: Spec): fc.Arbitrary<unknown> {
  const junk = fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes('__proto__'));
  return fc.oneof(
    { weight: 5, arbitrary: fitting(spec, fc.constant(undefined)) },
    { weight: 3, arbitrary: fitting(spec, junk) },
    junk,
  );
}

/** A value that fits, unless `instead` gives one for some part of it. */
function fitting(spec: Spec, instead: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const within = (inner: Spec) => fitting(inner, instead);
  return fc
    .oneof({ weight: 6, arbitrary: whole() }, instead)
    .chain((value) => (value === undefined ? whole() : fc.constant(value)));

  function whole(): fc.Arbitrary<unknown> {
    switch (spec.kind) {
      case 'text':
        return spec.pattern
          ? textsLike(spec.pattern)
          : fc.string({ unit: fc.constantFrom('a', 'x', 'é', '😀', '\n'), maxLength: 5 });
      case 'number':
        return fc.oneof(
          fc.integer({ min: -12, max: 12 }),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.constantFrom(
            -0,
            2 ** 53,
            2 ** 53 - 1,
            1e300,
            0.1 + 0.2,
            5e9,
            ...[spec.min, spec.max, spec.above].filter((n) => n !== undefined),
          ),
        );
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case 'literal':
        return fc.constant(spec.value);
      case 'choice':
        return fc.constantFrom(...spec.values);
      case 'list':
        return fc.array(within(spec.item), { maxLength: 5 });
      case 'tuple':
        return fc
          .tuple(...spec.items.map(within))
          .chain((items) =>
            fc
              .array(spec.rest ? within(spec.rest) : fc.constant(1), { maxLength: 1 })
              .map((more) => [...items, ...more]),
          );
      case 'object':
        return fc
          .tuple(
            fc.record(
              Object.fromEntries(Object.entries(spec.members).map(([name, member]) => [name, within(member.spec)])),
              { requiredKeys: Object.keys(spec.members).filter((name) => spec.members[name]?.given === 'always') },
            ),
            fc.dictionary(
              fc.constantFrom('more', 'toString', 'id'),
              typeof spec.extra === 'string' ? fc.integer() : within(spec.extra),
              { maxKeys: 1 },
            ),
          )
          .map(([given, more]) => ({ ...more, ...given }));
      case 'record':
        return fc.dictionary(fc.constantFrom(...(spec.names ?? NAMES), 'more'), within(spec.value), { maxKeys: 4 });
      case 'union':
        return fc.oneof(...spec.options.map(within));
      case 'tagged':
        return fc.oneof(
          within(spec.options.a).map((value) => ({ tag: 'a', value })),
          within(spec.options.b).map((value) => ({ tag: 'b', value })),
        );
      case 'nullable':
        return fc.oneof(within(spec.inner), fc.constant(null));
    }
  }
}

function textsLike(pattern: RegExp): fc.Arbitrary<string> {
  const drawn = fc.stringMatching(new RegExp(pattern.source.replace(/\(\?!\w+\)/, '(?:no)?'), pattern.flags));
  return drawn.filter((text) => text.isWellFormed());
}

/** Where zod 4 is exact about remainders. */
const EXACT: Limits = { min: -1e15, max: 1e15 };

function limited<S extends { min(least: number): S; max(most: number): S }>(schema: S, { min, max }: Limits): S {
  const atLeast = min === undefined ? schema : schema.min(min);
  return max === undefined ? atLeast : atLeast.max(max);
}

function shapeOf<S>(
  members: Record<string, Member>,
  convert: (spec: Spec) => S,
  defaults: (schema: S, spec: Spec) => unknown,
  makeOptional: (schema: S) => S,
  withDefault: (schema: S, value: unknown) => S,
): Record<string, S> {
  const convertMember = ({ spec, given }: Member): S => {
    const schema = convert(spec);
    if (given === 'always') return schema;
    const value = given === 'default' ? defaults(schema, spec) : undefined;
    return value === undefined ? makeOptional(schema) : withDefault(schema, value);
  };
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, convertMember(member)]));
}

/** `defaults` draws a value that fits, or undefined where none was found. */
export function toZod4(spec: Spec, defaults: (schema: z.ZodType, spec: Spec) => unknown): z.ZodType {
  const convert = (inner: Spec): z.ZodType => toZod4(inner, defaults);
  switch (spec.kind) {
    case 'text': {
      const schema = limited(z.string(), spec);
      return spec.pattern ? schema.regex(spec.pattern) : schema;
    }
    case 'number': {
      const schema = limited<z.ZodNumber>(spec.whole ? z.int() : z.number(), spec);
      const above = spec.above === undefined ? schema : schema.gt(spec.above);
      return spec.multipleOf === undefined ? above : limited(above, EXACT).multipleOf(spec.multipleOf);
    }
    case 'boolean':
      return z.boolean();
    case 'null':
      return z.null();
    case 'literal':
      return z.literal(spec.value);
    case 'choice':
      return z.enum(spec.values);
    case 'list':
      return limited(z.array(convert(spec.item)), spec);
    case 'tuple': {
      const [first, ...more] = spec.items;
      const schema = z.tuple([convert(first), ...more.map(convert)]);
      return spec.rest ? schema.rest(convert(spec.rest)) : schema;
    }
    case 'object': {
      const shape = shapeOf(
        spec.members,
        convert,
        defaults,
        (schema) => schema.optional(),
        (schema, value) => schema.default(value),
      );
      if (spec.extra === 'strict') return z.strictObject(shape);
      if (spec.extra === 'loose') return z.looseObject(shape);
      return spec.extra === 'strip' ? z.object(shape) : z.object(shape).catchall(convert(spec.extra));
    }
    case 'record':
      return z.record(spec.names ? z.enum(spec.names) : z.string(), convert(spec.value));
    case 'union':
      return z.union(spec.options.map(convert));
    case 'tagged':
      return z.discriminatedUnion('tag', [
        z.object({ tag: z.literal('a'), value: convert(spec.options.a) }),
        z.strictObject({ tag: z.literal('b'), value: convert(spec.options.b) }),
      ]);
    case 'nullable':
      return convert(spec.inner).nullable();
  }
}

export function toZod3(spec: Spec, defaults: (schema: z3.ZodTypeAny, spec: Spec) => unknown): z3.ZodTypeAny {
  const convert = (inner: Spec): z3.ZodTypeAny => toZod3(inner, defaults);
  switch (spec.kind) {
    case 'text': {
      const schema = limited(z3.string(), spec);
      return spec.pattern ? schema.regex(spec.pattern) : schema;
    }
    case 'number': {
      const schema = limited(spec.whole ? z3.number().int() : z3.number(), spec);
      const above = spec.above === undefined ? schema : schema.gt(spec.above);
      return spec.multipleOf === undefined ? above : limited(above, EXACT).multipleOf(spec.multipleOf);
    }
    case 'boolean':
      return z3.boolean();
    case 'null':
      return z3.null();
    case 'literal':
      return z3.literal(spec.value);
    case 'choice':
      return z3.enum(spec.values);
    case 'list':
      return limited(z3.array(convert(spec.item)), spec);
    case 'tuple': {
      const [first, ...more] = spec.items;
      const schema = z3.tuple([convert(first), ...more.map(convert)]);
      return spec.rest ? schema.rest(convert(spec.rest)) : schema;
    }
    case 'object': {
      const shape = shapeOf(
        spec.members,
        convert,
        defaults,
        (schema) => schema.optional(),
        (schema, value) => schema.default(value),
      );
      if (spec.extra === 'strict') return z3.object(shape).strict();
      if (spec.extra === 'loose') return z3.object(shape).passthrough();
      return spec.extra === 'strip' ? z3.object(shape) : z3.object(shape).catchall(convert(spec.extra));
    }
    case 'record': {
      const [first, ...more] = spec.names ?? [];
      return z3.record(first === undefined ? z3.string() : z3.enum([first, ...more]), convert(spec.value));
    }
    case 'union':
      return z3.union([convert(spec.options[0]), convert(spec.options[1])]);
    case 'tagged':
      return z3.discriminatedUnion('tag', [
        z3.object({ tag: z3.literal('a'), value: convert(spec.options.a) }),
        z3.object({ tag: z3.literal('b'), value: convert(spec.options.b) }).strict(),
      ]);
    case 'nullable':
      return convert(spec.inner).nullable();
  }
}
