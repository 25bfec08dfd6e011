import type * as z3 from 'zod/v3';
import type { Direction } from './zod4-checks.ts';

type Def = z3.ZodFirstPartySchemaTypes['_def'];

/** What to write instead of a zod 3 schema that no manifest can say; undefined for the others. */
export function zod3Advice(def: Def, io: Direction): string | undefined {
  if (!REPRESENTABLE.has(def.typeName)) return ADVICE.get(def.typeName) ?? `${def.typeName} is not known here`;
  if ('coerce' in def && def.coerce === true && io === 'input') {
    return 'it takes anything and converts it: do without z.coerce, and convert before the call';
  }
  if (def.typeName === 'ZodEffects') return adviceOnEffect(def.effect, io);
  if (def.typeName === 'ZodRecord' && !['ZodString', 'ZodEnum'].includes(def.keyType._def.typeName)) {
    return 'keys of an object are texts: use z.string() or z.enum() for them';
  }
  if (def.typeName === 'ZodLiteral' && !isJson(def.value))
    return 'JSON has no such value: use texts and finite numbers';
  if (def.typeName === 'ZodNativeEnum' && !Object.values(def.values).every(isJson)) {
    return 'JSON has no such value: use texts and finite numbers';
  }
  return undefined;
}

function adviceOnEffect(effect: z3.Effect<unknown>, io: Direction): string | undefined {
  if (effect.type === 'refinement') {
    return 'a refinement is code that a manifest does not show: say it with types, or check in `run` and throw an ActionError';
  }
  if (effect.type === 'preprocess') {
    return 'code runs before it is checked: describe what comes in, and prepare it before the call';
  }
  if (io === 'output') return 'its output is made by code: describe what comes out, or transform in `run`';
  return effect.transform.length > 1
    ? 'a transform with a second parameter may refuse values: do without it, or check in `run`'
    : undefined;
}

function isJson(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

const REPRESENTABLE: ReadonlySet<string> = new Set([
  ...['ZodString', 'ZodNumber', 'ZodBoolean', 'ZodNull', 'ZodAny', 'ZodUnknown', 'ZodNever', 'ZodLiteral', 'ZodEnum'],
  ...[
    'ZodNativeEnum',
    'ZodArray',
    'ZodObject',
    'ZodUnion',
    'ZodDiscriminatedUnion',
    'ZodTuple',
    'ZodRecord',
    'ZodLazy',
  ],
  ...['ZodOptional', 'ZodNullable', 'ZodDefault', 'ZodBranded', 'ZodReadonly', 'ZodEffects'],
]);

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['ZodDate', 'JSON has no dates: use z.string().datetime()'],
  ['ZodBigInt', 'JSON has no bigint: use z.string().regex(/^\\d{1,20}$/) or z.number().int()'],
  ['ZodSymbol', 'JSON has no symbols: use z.enum() or z.literal()'],
  ['ZodUndefined', 'JSON has no undefined: leave the member out with .optional(), or use z.null()'],
  ['ZodVoid', 'JSON has no undefined: use z.object({}) or z.null()'],
  ['ZodNaN', 'JSON has no NaN: use z.number(), with .nullable() where there is none'],
  ['ZodMap', 'JSON has no maps: use z.record()'],
  ['ZodSet', 'JSON has no sets: use z.array()'],
  ['ZodFunction', 'a function is no data'],
  ['ZodPromise', 'a promise is no data: use what it resolves to'],
  ['ZodCatch', 'it accepts what its schema refuses: use .optional() or .default()'],
  ['ZodPipeline', 'what its second half refuses is not seen by a manifest: use one schema, and convert in `run`'],
  ['ZodIntersection', 'validators close each side of it alone: use one z.object(), made with .extend() or .merge()'],
]);
