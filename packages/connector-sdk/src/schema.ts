import * as z from 'zod';
import type * as z3 from 'zod/v3';
import { zodToJsonSchema } from 'zod-to-json-schema';
import { SdkError } from './errors.ts';

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

/** A JSON Schema, draft 2020-12 (draft-07 vocabulary for connectors authored with zod 3, which 2020-12 reads alike). */
export type JsonSchema = { readonly [key: string]: unknown };

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/**
 * The JSON Schema of what `schema` accepts (`input`) or yields (`output`).
 * `where` names the schema in the error, for example `actions.get-incident.input`.
 *
 * @throws SdkError `SCHEMA_UNREPRESENTABLE` (dates, bigint, transforms in an output …) | `SCHEMA_UNCONSTRAINED` (accepts anything)
 */
export function toJsonSchema(schema: Schema, io: 'input' | 'output', where: string): JsonSchema {
  const converted = isZod4(schema) ? convertZod4(schema, io, where) : convertZod3(schema, where);
  const { $schema: _, ...body } = converted;
  if (Object.keys(body).every((key) => ANNOTATIONS.has(key))) {
    throw new SdkError('SCHEMA_UNCONSTRAINED', `${where} accepts every value: describe what it may hold`, {
      details: { path: where },
    });
  }
  return { $schema: DIALECT, ...body };
}

const ANNOTATIONS = new Set([
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  '$id',
  '$comment',
  '$defs',
  'definitions',
]);

function isZod4(schema: Schema): schema is z.ZodType {
  return '_zod' in schema;
}

function convertZod4(schema: z.ZodType, io: 'input' | 'output', where: string): Record<string, unknown> {
  try {
    return z.toJSONSchema(schema, { target: 'draft-2020-12', io }) as Record<string, unknown>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown reason';
    throw new SdkError(
      'SCHEMA_UNREPRESENTABLE',
      `${where} has no JSON Schema (${reason}): use types that JSON holds, such as z.iso.datetime() for a time`,
      {
        details: { path: where },
        cause,
      },
    );
  }
}

function convertZod3(schema: z3.ZodType, where: string): Record<string, unknown> {
  try {
    return zodToJsonSchema(schema as never, { $refStrategy: 'none', effectStrategy: 'input' }) as Record<
      string,
      unknown
    >;
  } catch (cause) {
    throw new SdkError('SCHEMA_UNREPRESENTABLE', `${where} has no JSON Schema: use types that JSON holds`, {
      details: { path: where },
      cause,
    });
  }
}
