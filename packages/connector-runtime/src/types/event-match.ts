import { type RawBuilder, sql } from 'kysely';

/** What a filter on events may compare: nothing inside of lists and objects. */
export type Comparable = string | number | boolean | null;

/** The fields of an event's data that a filter can name, with what Postgres can hold as `jsonb`. */
export function comparableFields(data: unknown): Readonly<Record<string, Comparable>> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return {};
  return Object.fromEntries(Object.entries(data).filter(([name, value]) => isStorable(name) && isComparable(value)));
}

export function isComparable(value: unknown): value is Comparable {
  if (typeof value === 'string') return isStorable(value);
  return value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

/** `jsonb` takes neither U+0000 nor half of a surrogate pair. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/**
 * Held until the transaction ends: exclusively by who begins to wait, shared by who stores events. So either the wait sees
 * the event as stored, or the event sees the wait; without it both could miss each other.
 */
export function waitLock(
  mode: 'begins a wait' | 'stores events',
  { workspaceId, trigger }: { readonly workspaceId: string; readonly trigger: string },
): RawBuilder<unknown> {
  const lock = sql.raw(mode === 'begins a wait' ? 'pg_advisory_xact_lock' : 'pg_advisory_xact_lock_shared');
  return sql`select ${lock}(hashtextextended(${`${workspaceId} ${trigger}`}, 0))`;
}
