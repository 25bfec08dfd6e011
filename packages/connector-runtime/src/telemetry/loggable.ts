import { Secret } from '../types/secret.ts';
import { isSensitiveName } from './sensitive-names.ts';

const MAX_DEPTH = 8;
const MAX_ITEMS = 100;

/** A copy of `value` that JSON can hold, with every string (keys too) scrubbed, bounded in depth and width. */
export function toLoggable(value: unknown, scrub: (text: string) => string): unknown {
  return copy(value, scrub, []);
}

function copy(value: unknown, scrub: (text: string) => string, above: readonly unknown[]): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return scrub(String(value));
  if (typeof value === 'function') return '[function]';
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Secret) return '[secret]';
  if (above.includes(value)) return '[circular]';
  if (above.length >= MAX_DEPTH) return '[deep]';
  const inside = [...above, value];
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return scrub(`${value.origin}${value.pathname}`);
  if (value instanceof Headers) return copyFields([...value], scrub, inside);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return copyError(value, scrub, inside);
  if (value instanceof Map) return copyFields([...value], scrub, inside);
  if (Array.isArray(value) || value instanceof Set) {
    return copyItems([...value].slice(0, MAX_ITEMS), scrub, inside);
  }
  return copyFields(Object.entries(value), scrub, inside);
}

/** Headers also come as a list of names and values in turns: what follows a telling name is its value. */
function copyItems(items: readonly unknown[], scrub: (text: string) => string, above: readonly unknown[]): unknown[] {
  return items.map((item, at) => {
    const before = items[at - 1];
    return typeof before === 'string' && isSensitiveName(before) ? '[redacted]' : copy(item, scrub, above);
  });
}

/** Only what errors are known to have: drivers and http clients hang requests, with their headers, on theirs. */
function copyError(error: Error, scrub: (text: string) => string, above: readonly unknown[]): unknown {
  const { name, message, stack, cause } = error;
  const { code, details } = error as Error & { code?: unknown; details?: unknown };
  const errors = error instanceof AggregateError ? error.errors : undefined;
  const known = { name, code, message, details, stack, cause, errors };
  return copyFields(
    Object.entries(known).filter(([, value]) => value !== undefined),
    scrub,
    above,
  );
}

function copyFields(
  entries: readonly (readonly [unknown, unknown])[],
  scrub: (text: string) => string,
  above: readonly unknown[],
): Record<string, unknown> {
  return Object.fromEntries(
    entries
      .slice(0, MAX_ITEMS)
      .map(([key, value]) => [
        scrub(String(key)),
        isSensitiveName(String(key)) ? '[redacted]' : copy(value, scrub, above),
      ]),
  );
}

/** A copy of plain data with every string in it scrubbed, and nothing else changed. */
export function scrubStrings(value: unknown, scrub: (text: string) => string): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => scrubStrings(item, scrub));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [scrub(key), scrubStrings(member, scrub)]));
}
