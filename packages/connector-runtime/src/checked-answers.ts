import type { ApprovalRef, Authentication, ParsedDecision, Resolution } from '@org/connector-sdk';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { z } from 'zod';
import type { ParsedEvent, PolledEvent } from './types/connector-calls.ts';
import { RuntimeError, type RuntimeErrorCode } from './types/errors.ts';
import { isKept, isUsableEventKey } from './types/event-key.ts';

const ajv = new Ajv2020({ strict: false, validateFormats: false, addUsedSchema: false, logger: false });
// A manifest's schemas live as long as its verified artifact is cached.
const compiled = new WeakMap<object, ValidateFunction>();

/** Checks what connector code gave against its signed manifest. Throws `code`, naming the place and never the value. */
export function requireSchema(schema: object, value: unknown, code: RuntimeErrorCode, what: string): void {
  let fits = compiled.get(schema);
  if (!fits) {
    fits = ajv.compile(schema);
    compiled.set(schema, fits);
  }
  if (fits(value)) return;
  const [first] = fits.errors ?? [];
  const where = first?.instancePath || 'its top';
  throw new RuntimeError(code, `${what} does not fit the manifest at ${where}: ${first?.message ?? 'unknown reason'}`, {
    details: { path: where },
  });
}

const eventKey = z.string().refine(isUsableEventKey);
const events = z.array(z.object({ eventKey, data: z.unknown() })).max(1000);
const milliseconds = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const page = z.object({
  events: z.array(z.object({ eventKey, data: z.unknown(), occurredAt: milliseconds.optional() })).max(1000),
  cursor: z.string().max(8192).refine(isKept),
  more: z.boolean(),
});
const decision = z.object({
  approvalId: z.string().min(1).max(200),
  decision: z.enum(['approved', 'denied']),
  actor: z.string().min(1).max(200),
});
const ref = z.record(z.string().max(100), z.string().max(2000));
const account = z.object({ account: z.string().max(500) });
const headerName = z
  .string()
  .regex(/^(?!(?:host|connection|content-length|transfer-encoding|cookie)$)[a-z0-9-]{1,100}$/i);
const authentication = z.object({
  headers: z.record(
    headerName,
    z
      .string()
      .min(1)
      .max(10_000)
      .regex(/^[\x20-\x7e]*$/),
  ),
  expiresAt: z.iso.datetime({ offset: true }),
});
const resolution = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('applied'), output: z.unknown() }),
  z.object({ outcome: z.literal('not-applied') }),
  z.object({ outcome: z.literal('unknown'), reason: z.string().max(1000).default('no reason given') }),
]);

export const parseEvents = (value: unknown): readonly ParsedEvent[] => parse(events, value, 'events');
export const parsePage = (
  value: unknown,
): { readonly events: readonly PolledEvent[]; readonly cursor: string; readonly more: boolean } =>
  parse(page, value, 'a page of events with its cursor');
export const parseParsedDecision = (value: unknown): ParsedDecision | undefined =>
  value === null ? undefined : parse(decision, value, 'a decision');
export const parseRef = (value: unknown): ApprovalRef => parse(ref, value, 'a reference of texts');
export const parseMembership = (value: unknown): boolean => parse(z.boolean(), value, 'a yes or a no');
export const parseAccount = (value: unknown): { readonly account: string } => parse(account, value, 'an account');
export const parseAuthentication = (value: unknown): Authentication =>
  parse(authentication, value, 'headers with an end');
export const parseResolution = (value: unknown): Resolution<unknown> => parse(resolution, value, 'a resolution');

/** Connector code may answer with anything. The value is never quoted: of `authenticate`, it is a secret. */
function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') || 'its top';
  throw new RuntimeError(
    'HOST_ANSWER_INVALID',
    `the connector answered with something that is not ${what} (at ${where})`,
  );
}
