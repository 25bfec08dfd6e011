import { Secret } from '../types/secret.ts';

const MAX_DEPTH = 8;
const MAX_ITEMS = 100;

/** Names whose values never belong in a log, whatever they hold. */
const sensitive =
  /^(authorization|proxy-authorization|cookie|set-cookie|password|passwd|secret|token|access_?token|refresh_?token|client_?secret|api_?key|private_?key|master_?key|credentials?)$/i;

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
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return copyError(value, scrub, inside);
  if (value instanceof Map) return copyFields([...value], scrub, inside);
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].slice(0, MAX_ITEMS).map((item) => copy(item, scrub, inside));
  }
  return copyFields(Object.entries(value), scrub, inside);
}

/** Only what errors are known to have: drivers and http clients hang requests, with their headers, on theirs. */
function copyError(error: Error, scrub: (text: string) => string, above: readonly unknown[]): unknown {
  const { name, message, stack, cause, code, details } = error as Error & { code?: unknown; details?: unknown };
  const known = { name, code, message, details, stack, cause };
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
        sensitive.test(String(key)) ? '[redacted]' : copy(value, scrub, above),
      ]),
  );
}
