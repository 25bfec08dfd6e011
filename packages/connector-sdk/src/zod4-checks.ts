import * as z from 'zod';
import { portablePattern } from './portable-pattern.ts';
import { type SchemaPlace, unrepresentable } from './schema-place.ts';
import { urlPattern } from './url-pattern.ts';

export type Direction = 'input' | 'output';
type Json = Record<string, unknown>;
type CheckDef = z.core.$ZodChecks['_zod']['def'] | { readonly check: 'describe' | 'meta' | 'custom' };

/** Formats that zod decides by its pattern alone; the others add code (check digits, decoding) that no pattern shows. */
const FORMATS = new Set([
  ...['regex', 'lowercase', 'uppercase', 'includes', 'starts_with', 'ends_with'],
  ...['email', 'guid', 'uuid', 'nanoid', 'cuid', 'cuid2', 'ulid', 'xid', 'ksuid', 'e164', 'emoji', 'mac', 'hostname'],
  ...['ipv4', 'cidrv4', 'base64', 'base64url', 'date', 'datetime', 'time', 'duration'],
]);

/** Refuses checks that JSON Schema can't repeat, and mends in `json` what zod's converter says otherwise than zod checks. */
export function requireKnownChecks(schema: z.core.$ZodTypes, json: Json, place: SchemaPlace, io: Direction): void {
  const { def, traits } = schema._zod;
  const own = traits.has('$ZodCheck') ? [def as CheckDef] : [];
  const checks = [...own, ...(def.checks ?? []).map((check) => check._zod.def as CheckDef)];
  for (const [index, check] of checks.entries()) {
    if (check.check === 'overwrite') requireOverwriteInPlace(checks, index, place, io);
    else requireKnownCheck(check, json, place, io);
  }
}

function requireKnownCheck(check: CheckDef, json: Json, place: SchemaPlace, io: Direction): void {
  switch (check.check) {
    case 'describe':
    case 'meta':
    case 'number_format':
      return;
    case 'min_length':
      requireCount(check.minimum, place);
      return;
    case 'max_length':
      requireCount(check.maximum, place);
      return;
    case 'length_equals':
      requireCount(check.length, place);
      return;
    case 'less_than':
    case 'greater_than':
      if (!Number.isFinite(check.value)) throw unrepresentable(place, 'its bound is no finite number');
      return;
    case 'multiple_of':
      requireExactMultiple(json.type === 'integer', Number(check.value), place);
      return;
    case 'string_format':
      requireKnownFormat(check, json, place, io);
      return;
    default:
      throw unrepresentable(
        place,
        'a refinement is code that a manifest does not show: say it with types, or check in `run` and throw an ActionError',
      );
  }
}

/** By a fraction, each validator rounds in its own way. (Beyond 2^50 zod rounds whole numbers too: the manifest is exact there.) */
export function requireExactMultiple(whole: boolean, divisor: number, place: SchemaPlace): void {
  if (whole && Number.isSafeInteger(divisor) && divisor > 0) return;
  throw unrepresentable(
    place,
    'validators round fractions differently: use .multipleOf() with a whole number on integers, counting in the smallest unit',
  );
}

function requireKnownFormat(
  check: z.core.$ZodCheckStringFormatDef & { position?: number; hostname?: RegExp; protocol?: RegExp },
  json: Json,
  place: SchemaPlace,
  io: Direction,
): void {
  const { format, pattern, position, hostname, protocol } = check;
  if (format === 'url') {
    // What comes out was parsed already: the pattern would refuse what the vendor calls a URL.
    if (io === 'output') delete json.format;
    else addPattern(json, urlPattern({ ...(protocol && { protocol }), ...(hostname && { hostname }) }, place));
    return;
  }
  if (position !== undefined) throw unrepresentable(place, '.includes() with a position: use .regex()');
  if (pattern === undefined || (!FORMATS.has(format) && !isPatternOnly(check))) {
    throw unrepresentable(place, `zod checks the format "${format}" by code: use z.string().regex() with a length`);
  }
  if (pattern.source !== z.regexes.hostname.source) portablePattern(pattern, place);
}

/** `z.stringFormat(name, /…/)`, `z.hex()`, `z.hash()`: the expression is all there is. */
function isPatternOnly(check: object): boolean {
  return 'fn' in check;
}

function addPattern(json: Json, pattern: string): void {
  if (json.pattern === undefined && json.allOf === undefined) json.pattern = pattern;
  else json.allOf = [...(Array.isArray(json.allOf) ? json.allOf : []), { pattern }];
}

/** Code that changes a value comes after all checks of what goes in, and before all checks of what comes out. */
function requireOverwriteInPlace(checks: readonly CheckDef[], index: number, place: SchemaPlace, io: Direction): void {
  const others = io === 'input' ? checks.slice(index + 1) : checks.slice(0, index);
  if (others.every(({ check }) => ['overwrite', 'describe', 'meta'].includes(check))) return;
  throw unrepresentable(
    place,
    io === 'input'
      ? 'it is changed (.trim(), .toLowerCase(), .overwrite()) before it is checked: put what changes it last'
      : 'it is changed (.trim(), .toLowerCase(), .overwrite()) after it is checked: put what changes it first',
  );
}

function requireCount(value: number, place: SchemaPlace): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw unrepresentable(place, 'its length is bounded by no whole number');
}
