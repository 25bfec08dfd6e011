import * as z from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { isConnectorError } from './errors.ts';
import { requireJsonDefault } from './schema-default.ts';
import { requireNotAnything, requireOwnName, type SchemaPlace, unrepresentable } from './schema-place.ts';
import { type Direction, requireKnownChecks } from './zod4-checks.ts';

type Json = Record<string, unknown>;
type Def = z.core.$ZodTypes['_zod']['def'];

/** Throws `SCHEMA_UNREPRESENTABLE` | `SCHEMA_UNCONSTRAINED`, naming the place in `where`. */
export function convertZod4(schema: z.ZodType, io: Direction, where: string): Json {
  try {
    return z.toJSONSchema(schema, {
      target: 'draft-2020-12',
      io,
      // What has no JSON Schema is refused below, where its place is known.
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema, path }) => audit(zodSchema, jsonSchema, { where, path }, io),
    }) as Json;
  } catch (cause) {
    if (isConnectorError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : 'unknown reason';
    throw unrepresentable({ where, path: [] }, reason, cause);
  }
}

/** Runs for every schema within, after zod has converted it: refuses what JSON Schema would not check as zod does. */
function audit(schema: z.core.$ZodTypes, json: Json, place: SchemaPlace, io: Direction): void {
  if (schema._zod.toJSONSchema !== undefined) {
    throw unrepresentable(place, 'it brings a JSON Schema of its own, which may differ from what it checks');
  }
  requireAnnotations(schema, place);
  requireKnownChecks(schema, json, place, io);
  const { def } = schema._zod;
  // zod gives out what may be left out as undefined, which JSON leaves out.
  if (io === 'output' && def.type === 'record' && def.valueType._zod.optout === 'optional') delete json.required;
  const advice = ADVICE[def.type];
  if (advice !== undefined) throw unrepresentable(place, advice);
  requireParts(def, place, io);
}

function requireParts(def: Def, place: SchemaPlace, io: Direction): void {
  switch (def.type) {
    case 'any':
    case 'unknown':
      requireNotAnything(place);
      return;
    case 'string':
    case 'number':
    case 'boolean':
      if ('coerce' in def && def.coerce === true && io === 'input') {
        throw unrepresentable(
          place,
          `it takes anything and converts it: use z.${def.type}(), and convert before the call`,
        );
      }
      return;
    case 'object':
      for (const name of Object.keys(def.shape)) requireOwnName(place, name);
      return;
    case 'literal':
      requireJsonValues(def.values, place);
      return;
    case 'enum':
      requireJsonValues(Object.values(def.entries), place);
      return;
    case 'record':
      requireTextKeys(def, place);
      return;
    case 'union':
      if ('unionFallback' in def && def.unionFallback === true) {
        throw unrepresentable(
          place,
          'a discriminated union that falls back accepts more than its options: use z.union()',
        );
      }
      return;
    case 'default':
    case 'prefault':
      requireJsonDefault(
        place,
        () => def.defaultValue,
        (value) => {
          const parsed = z.safeParse(def.innerType, value);
          // A default is given out as it is; a prefault is parsed first.
          return parsed.success && (def.type === 'prefault' || canonicalJson(parsed.data) === canonicalJson(value));
        },
      );
      return;
    case 'pipe':
      requirePlainPipe(def, place, io);
      return;
    default:
      return;
  }
}

/** What to write instead of types that JSON does not hold, or whose code no manifest can show. */
const ADVICE: Partial<Record<Def['type'], string>> = {
  date: 'JSON has no dates: use z.iso.datetime() or z.iso.date()',
  bigint: 'JSON has no bigint: use z.string().regex(/^\\d{1,20}$/) or z.int()',
  symbol: 'JSON has no symbols: use z.enum() or z.literal()',
  undefined: 'JSON has no undefined: leave the member out with .optional(), or use z.null()',
  void: 'JSON has no undefined: use z.object({}) or z.null()',
  nan: 'JSON has no NaN: use z.number(), with .nullable() where there is none',
  map: 'JSON has no maps: use z.record()',
  set: 'JSON has no sets: use z.array()',
  file: 'JSON has no files: use z.base64() with a length',
  function: 'a function is no data',
  promise: 'a promise is no data: use what it resolves to',
  custom: 'it is checked by code: use types that say what they accept',
  transform: 'its output is made by code: say with .pipe() what comes out, or transform in `run`',
  catch: 'it accepts what its schema refuses: use .optional() or .default()',
  success: 'it accepts every value: use z.boolean()',
  intersection: 'validators close each side of it alone: use one z.object(), made with .extend() or spread shapes',
};

function requireJsonValues(values: readonly unknown[], place: SchemaPlace): void {
  for (const value of values) {
    if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) continue;
    throw unrepresentable(place, `JSON has no ${typeof value} such as ${String(value)}: use texts and finite numbers`);
  }
}

function requireTextKeys({ keyType, mode }: z.core.$ZodRecordDef & { mode?: string }, place: SchemaPlace): void {
  if (mode === 'loose') throw unrepresentable(place, 'keys that do not fit are let through: use z.record()');
  const { def } = (keyType as z.core.$ZodTypes)._zod;
  const names = def.type === 'literal' ? def.values : def.type === 'enum' ? Object.values(def.entries) : [];
  if (
    !['string', 'template_literal', 'literal', 'enum'].includes(def.type) ||
    names.some((name) => typeof name !== 'string')
  ) {
    throw unrepresentable(place, 'keys of an object are texts: use z.string(), z.enum() or z.literal() for them');
  }
  for (const name of names) requireOwnName(place, String(name));
}

/** A transform may follow an input as long as it can't refuse: one that takes a second parameter can. */
function requirePlainPipe(def: z.core.$ZodPipeDef, place: SchemaPlace, io: Direction): void {
  if (io === 'output') return;
  const out = (def.out as z.core.$ZodTypes)._zod.def;
  const before = (def.in as z.core.$ZodTypes)._zod.def;
  if (before.type === 'transform') {
    throw unrepresentable(
      place,
      'code runs before it is checked: describe what comes in, and prepare it before the call',
    );
  }
  if ('transform' in def || out.type !== 'transform') {
    throw unrepresentable(
      place,
      'what its second half refuses is not seen by a manifest: use one schema, and convert in `run`',
    );
  }
  if (out.transform.length > 1) {
    throw unrepresentable(
      place,
      'a transform with a second parameter may refuse values: do without it, or check in `run`',
    );
  }
}

const ANNOTATIONS = new Set(['id', 'title', 'description', 'examples', 'deprecated']);

function requireAnnotations(schema: z.core.$ZodTypes, place: SchemaPlace): void {
  for (const key of Object.keys(z.globalRegistry.get(schema) ?? {})) {
    if (ANNOTATIONS.has(key)) continue;
    throw unrepresentable(
      place,
      `.meta() gives "${key}", which would stand among its rules: only ${[...ANNOTATIONS].join(', ')}`,
    );
  }
}
