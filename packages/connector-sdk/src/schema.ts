import type * as z from 'zod';
import type * as z3 from 'zod/v3';
import { portableSchema } from './portable-schema.ts';
import { convertZod3 } from './zod3-schema.ts';
import { convertZod4 } from './zod4-schema.ts';

/** A schema an author writes: zod 4, or zod 3 (`zod/v3`). */
export type Schema<Output = unknown, Input = unknown> =
  | z.ZodType<Output, Input>
  | z3.ZodType<Output, z3.ZodTypeDef, Input>;

/** The value a schema yields after parsing. */
export type InferOutput<S extends Schema> =
  S extends z.ZodType<infer Output> ? Output : S extends z3.ZodType<infer Output> ? Output : never;

/** The value a schema accepts. */
export type InferInput<S extends Schema> =
  S extends z.ZodType<unknown, infer Input>
    ? Input
    : S extends z3.ZodType<unknown, z3.ZodTypeDef, infer Input>
      ? Input
      : never;

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [key: string]: unknown };

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/**
 * The JSON Schema of what `schema` accepts (`input`) or yields (`output`), in words that validators read alike.
 * `where` names the schema in the error, for example `actions.get-incident.input`.
 *
 * An input schema accepts exactly what zod accepts, but for URLs (ordinary absolute ones only) and for the lengths of zod 3 (which
 * counts a character outside the basic plane as two). An output schema accepts whatever zod yields.
 *
 * @throws SdkError `SCHEMA_UNREPRESENTABLE` (dates, refinements, transforms in an output …) | `SCHEMA_UNCONSTRAINED` (accepts
 *   anything), both with `details.path` of the very part: `actions.get-incident.input.filter.since`
 */
export function toJsonSchema(schema: Schema, io: 'input' | 'output', where: string): JsonSchema {
  const converted = isZod4(schema) ? convertZod4(schema, io, where) : convertZod3(schema, io, where);
  const { $schema: _, ...body } = converted;
  return { $schema: DIALECT, ...portableSchema(body) };
}

function isZod4(schema: Schema): schema is z.ZodType {
  return '_zod' in schema;
}
