import type * as z3 from 'zod/v3';
import { ignoreOverride, type JsonSchema7Type, parseDef, type Refs, zodToJsonSchema } from 'zod-to-json-schema';
import { isConnectorError } from './errors.ts';
import { requireJsonDefault } from './schema-default.ts';
import { requireNotAnything, requireOwnName, type SchemaPlace, unrepresentable } from './schema-place.ts';
import { zod3Advice } from './zod3-advice.ts';
import { convertZod3Number, convertZod3String } from './zod3-text-and-number.ts';
import type { Direction } from './zod4-checks.ts';

type Json = Readonly<Record<string, unknown>>;
/** What zod 3 itself defines; a `typeName` of anyone else's is refused. */
type Def = z3.ZodFirstPartySchemaTypes['_def'];

/** Throws `SCHEMA_UNREPRESENTABLE` | `SCHEMA_UNCONSTRAINED`, naming the place in `where`. */
export function convertZod3(schema: z3.ZodTypeAny, io: Direction, where: string): Json {
  try {
    return {
      ...zodToJsonSchema(schema, {
        $refStrategy: 'none',
        effectStrategy: 'input',
        // An object without `.strict()` takes further members in, and gives none out.
        removeAdditionalStrategy: io === 'input' ? 'strict' : 'passthrough',
        override: (def, refs, seen) => {
          const place = { where, path: refs.currentPath.slice(1) };
          if (seen && isInside(refs.currentPath, seen.path)) {
            throw unrepresentable(place, 'it holds itself: write it with zod 4, whose getters may do that');
          }
          const json = convert(def as Def, refs, place, io);
          return json === undefined ? ignoreOverride : toJsonSchema7(withDescription(json, def));
        },
        postProcess: (json, def) => (json && io === 'output' ? requireGiven(json, def as Def) : json),
      }),
    };
  } catch (cause) {
    if (isConnectorError(cause)) throw cause;
    throw unrepresentable({ where, path: [] }, cause instanceof Error ? cause.message : 'unknown reason', cause);
  }
}

/** What the converter would not say as zod 3 checks it; undefined leaves it to the converter. */
function convert(def: Def, refs: Refs, place: SchemaPlace, io: Direction): Json | undefined {
  const advice = zod3Advice(def, io);
  if (advice !== undefined) throw unrepresentable(place, advice);
  const at = (inner: z3.ZodTypeAny, ...way: string[]): Json => ({
    ...parseDef(inner._def, { ...refs, currentPath: [...refs.currentPath, ...way] }),
  });
  switch (def.typeName) {
    case 'ZodString':
      return convertZod3String(def, place, io);
    case 'ZodNumber':
      return convertZod3Number(def, place);
    case 'ZodAny':
    case 'ZodUnknown':
      requireNotAnything(place);
      return {};
    case 'ZodLiteral':
      return { const: def.value };
    case 'ZodOptional':
      return at(def.innerType);
    case 'ZodNullable':
      return { anyOf: [at(def.innerType, 'anyOf', '0'), { type: 'null' }] };
    case 'ZodUnion':
      return { anyOf: [...def.options].map((option, index) => at(option, 'anyOf', String(index))) };
    case 'ZodArray': {
      const { minLength, maxLength, exactLength } = def;
      return {
        type: 'array',
        items: at(def.type, 'items'),
        ...bounds('Items', [minLength, exactLength], [maxLength, exactLength]),
      };
    }
    case 'ZodTuple': {
      const prefixItems = [...def.items].map((item, index) => at(item, 'prefixItems', String(index)));
      const rest = def.rest ? { items: at(def.rest, 'items') } : { items: false, maxItems: prefixItems.length };
      return { type: 'array', prefixItems, ...rest, minItems: prefixItems.length };
    }
    case 'ZodRecord':
      return {
        type: 'object',
        propertyNames: at(def.keyType, 'propertyNames'),
        additionalProperties: at(def.valueType, 'additionalProperties'),
      };
    case 'ZodObject':
      for (const name of Object.keys(def.shape())) requireOwnName(place, name);
      return undefined;
    case 'ZodDefault':
      requireJsonDefault(place, def.defaultValue, (value) => def.innerType.safeParse(value).success);
      return undefined;
    default:
      return undefined;
  }
}

type Limit = { readonly value: number } | null;

function bounds(what: string, least: readonly Limit[], most: readonly Limit[]): Json {
  const given = (limits: readonly Limit[]) => limits.flatMap((limit) => (limit ? [limit.value] : []));
  const [min, max] = [given(least), given(most)];
  return {
    ...(min.length > 0 ? { [`min${what}`]: Math.max(...min) } : {}),
    ...(max.length > 0 ? { [`max${what}`]: Math.min(...max) } : {}),
  };
}

/** A member with a default may be left out of what comes in, and is always in what goes out. */
function requireGiven(json: JsonSchema7Type, def: Def): JsonSchema7Type {
  if (def.typeName !== 'ZodObject') return json;
  const required = Object.entries(def.shape()).flatMap(([name, member]) => (isAlwaysGiven(member) ? [name] : []));
  return { ...json, ...(required.length > 0 ? { required } : {}) };
}

function isAlwaysGiven(member: unknown): boolean {
  const { _def: def } = member as { readonly _def: Def };
  if (def.typeName === 'ZodDefault') return true;
  if (def.typeName === 'ZodReadonly' || def.typeName === 'ZodNullable') return isAlwaysGiven(def.innerType);
  return !(member as z3.ZodTypeAny).isOptional();
}

function isInside(path: readonly string[], outer: readonly string[]): boolean {
  return outer.length < path.length && outer.every((part, index) => part === path[index]);
}

function withDescription(json: Json, { description }: z3.ZodTypeDef): Json {
  return description === undefined ? json : { ...json, description };
}

/** The converter passes on what it is given, whatever the draft. */
function toJsonSchema7(json: Json): JsonSchema7Type {
  return json as JsonSchema7Type;
}
