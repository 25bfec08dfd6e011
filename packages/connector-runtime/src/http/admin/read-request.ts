import type { Context } from 'hono';
import type { z } from 'zod';
import { RuntimeError } from '../../types/errors.ts';
import { readBody } from '../read-body.ts';
import type { AdminEnv } from './admin-env.ts';
import { digest, pathText, uuid } from './requests.ts';

const MAX_JSON_BYTES = 1_048_576;
const MAX_ARTIFACT_BYTES = 52_428_800;
const TIMEOUT_MS = 30_000;

/** The body as JSON that fits the schema. Throws `ADMIN_REQUEST_INVALID`. */
export async function readJson<S extends z.ZodType>(c: Context<AdminEnv>, schema: S): Promise<z.infer<S>> {
  // A browser's form can't send this type across origins, whatever cookies or tokens it is made to add.
  if (mediaType(c) !== 'application/json') {
    throw new RuntimeError('ADMIN_REQUEST_INVALID', 'send the body as application/json');
  }
  const bytes = await readBytes(c, MAX_JSON_BYTES);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new RuntimeError('ADMIN_REQUEST_INVALID', 'the body is not JSON', { cause });
  }
  return requireShape(schema, value, 'body');
}

/** The query's parameters. Throws `ADMIN_REQUEST_INVALID`. */
export function readQuery<S extends z.ZodType>(c: Context<AdminEnv>, schema: S): z.infer<S> {
  return requireShape(schema, c.req.query(), 'query');
}

/** A part of the path that is an id. Throws `ADMIN_NOT_FOUND` for what can't be one. */
export function readId(c: Context<AdminEnv>, name: string): string {
  const id = uuid.safeParse(c.req.param(name));
  if (id.success) return id.data;
  throw new RuntimeError('ADMIN_NOT_FOUND', `there is nothing here: the ${name} in the path is not a UUID`);
}

/** A part of the path that is an artifact's digest. Throws `ADMIN_NOT_FOUND`. */
export function readDigest(c: Context<AdminEnv>, name: string): string {
  const parsed = digest.safeParse(c.req.param(name));
  if (parsed.success) return parsed.data;
  throw new RuntimeError(
    'ADMIN_NOT_FOUND',
    `there is nothing here: the ${name} in the path is not sha256: and 64 hex digits`,
  );
}

/** A part of the path that is a name. Throws `ADMIN_NOT_FOUND` for what nothing can be called. */
export function readText(c: Context<AdminEnv>, name: string): string {
  const parsed = pathText.safeParse(c.req.param(name));
  if (parsed.success) return parsed.data;
  throw new RuntimeError('ADMIN_NOT_FOUND', `there is nothing here: the ${name} in the path is no name`);
}

export function mediaType(c: Context<AdminEnv>): string {
  return (c.req.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

export function readArtifactBytes(c: Context<AdminEnv>): Promise<Uint8Array> {
  return readBytes(c, MAX_ARTIFACT_BYTES);
}

async function readBytes(c: Context<AdminEnv>, maxBytes: number): Promise<Uint8Array> {
  const body = await readBody(c.req.raw, { maxBytes, timeoutMs: TIMEOUT_MS });
  if ('bytes' in body) return body.bytes;
  const why = body.refused === 'too-large' ? `larger than ${maxBytes} bytes` : 'not here within 30 s';
  throw new RuntimeError('ADMIN_REQUEST_INVALID', `the body is ${why}`);
}

function requireShape<S extends z.ZodType>(schema: S, value: unknown, where: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const [first] = issues;
  throw new RuntimeError(
    'ADMIN_REQUEST_INVALID',
    `the ${where} does not fit at ${first?.path || 'its top'}: ${first?.message ?? 'unknown reason'}`,
    { details: { issues } },
  );
}
