import * as z from 'zod';
import { datetimeRegex, type ZodNumberDef, type ZodStringDef } from 'zod/v3';
import { zodPatterns } from 'zod-to-json-schema';
import { portablePattern } from './portable-pattern.ts';
import { type SchemaPlace, unrepresentable } from './schema-place.ts';
import { urlPattern } from './url-pattern.ts';
import { type Direction, requireExactMultiple } from './zod4-checks.ts';

type Json = Readonly<Record<string, unknown>>;
type TextCheck = ZodStringDef['checks'][number];

/** A zod 3 string with every check in force: the converter keeps the last of a kind, and drops what it has no words for. */
export function convertZod3String({ checks }: ZodStringDef, place: SchemaPlace, io: Direction): Json {
  const least: number[] = [];
  const most: number[] = [];
  const patterns: string[] = [];
  let format: string | undefined;
  for (const [index, check] of checks.entries()) {
    if (check.kind === 'min' || check.kind === 'length') least.push(check.value);
    if (check.kind === 'max' || check.kind === 'length') most.push(check.value);
    if (check.kind === 'datetime' || check.kind === 'date' || check.kind === 'uuid' || check.kind === 'url') {
      format = FORMATS[check.kind];
    }
    if (isChange(check)) requireChangeInPlace(checks, index, place, io);
    const pattern = patternOf(check, place, io);
    if (pattern !== undefined) patterns.push(pattern);
  }
  if (![...least, ...most].every((count) => Number.isSafeInteger(count) && count >= 0)) {
    throw unrepresentable(place, 'its length is bounded by no whole number');
  }
  // zod 3 counts a character outside the basic plane as two, JSON Schema as one: what it gave must not be too short.
  const minLength = io === 'output' ? Math.ceil(Math.max(0, ...least) / 2) : Math.max(0, ...least);
  return {
    type: 'string',
    ...(minLength > 0 ? { minLength } : {}),
    ...(most.length > 0 ? { maxLength: Math.min(...most) } : {}),
    ...(format && patterns.length === 1 ? { format } : {}),
    ...(patterns.length === 1 ? { pattern: patterns[0] } : {}),
    ...(patterns.length > 1 ? { allOf: patterns.map((pattern) => ({ pattern })) } : {}),
  };
}

const FORMATS = { datetime: 'date-time', date: 'date', uuid: 'uuid', url: 'uri' } as const;

function patternOf(check: TextCheck, place: SchemaPlace, io: Direction): string | undefined {
  switch (check.kind) {
    case 'min':
    case 'max':
    case 'length':
    case 'trim':
    case 'toLowerCase':
    case 'toUpperCase':
      return undefined;
    case 'regex':
      return portablePattern(check.regex, place);
    case 'startsWith':
      return portablePattern(new RegExp(`^${escapeText(check.value)}`), place);
    case 'endsWith':
      return portablePattern(new RegExp(`${escapeText(check.value)}$`), place);
    case 'includes':
      if (check.position !== undefined) throw unrepresentable(place, '.includes() with a position: use .regex()');
      return portablePattern(new RegExp(escapeText(check.value)), place);
    case 'datetime':
      return datetimeRegex(check).source;
    case 'date':
      return z.regexes.date.source;
    case 'uuid':
      return z.regexes.guid.source;
    case 'email':
    case 'nanoid':
    case 'cuid2':
    case 'base64':
      return zodPatterns[check.kind].source;
    case 'url':
      return io === 'input' ? urlPattern({}, place) : undefined;
    default:
      throw unrepresentable(place, `no pattern says what .${check.kind}() of zod 3 checks: use .regex() with a length`);
  }
}

/** As zod 4 escapes it: no escape that Unicode expressions refuse. */
function escapeText(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function isChange({ kind }: TextCheck): boolean {
  return kind === 'trim' || kind === 'toLowerCase' || kind === 'toUpperCase';
}

function requireChangeInPlace(checks: readonly TextCheck[], index: number, place: SchemaPlace, io: Direction): void {
  const others = io === 'input' ? checks.slice(index + 1) : checks.slice(0, index);
  if (others.every(isChange)) return;
  throw unrepresentable(
    place,
    `it is changed (.trim(), .toLowerCase()) ${io === 'input' ? 'before' : 'after'} it is checked: put what changes it ${io === 'input' ? 'last' : 'first'}`,
  );
}

/** A zod 3 number with every check in force. */
export function convertZod3Number({ checks }: ZodNumberDef, place: SchemaPlace): Json {
  const integer = checks.some(({ kind }) => kind === 'int');
  const limits: Json[] = [];
  for (const check of checks) {
    if (check.kind === 'min' || check.kind === 'max') {
      if (!Number.isFinite(check.value)) throw unrepresentable(place, 'its bound is no finite number');
      const word = check.kind === 'min' ? 'inimum' : 'aximum';
      const name = check.inclusive ? `m${word}` : `exclusiveM${word}`;
      limits.push({ [name]: check.value });
    }
    if (check.kind === 'multipleOf') {
      requireExactMultiple(integer, check.value, place);
      limits.push({ multipleOf: check.value });
    }
  }
  const base = { type: integer ? 'integer' : 'number' };
  const names = limits.flatMap((limit) => Object.keys(limit));
  if (new Set(names).size === names.length) return Object.assign(base, ...limits);
  return { ...base, allOf: limits };
}
