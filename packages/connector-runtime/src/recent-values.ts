import type { Clock } from './types/clock.ts';

const MAX_VALUES = 10_000;

export interface RecentValues<T> {
  /** The value read less than the lifetime ago, or a new one. Failures are not kept; callers at once share one read. */
  get(key: string, read: () => Promise<T>): Promise<T>;
  /** The next one is read anew. */
  forget(key: string): void;
}

export function createRecentValues<T>(lifetimeMs: number, clock: Clock): RecentValues<T> {
  const values = new Map<string, { readonly value: Promise<T>; readonly until: number }>();
  return {
    get(key, read) {
      const known = values.get(key);
      if (known && known.until > clock.now()) return known.value;
      const value = read();
      values.delete(key);
      values.set(key, { value, until: clock.now() + lifetimeMs });
      value.catch(() => {
        if (values.get(key)?.value === value) values.delete(key);
      });
      const [oldest] = values.keys();
      if (values.size > MAX_VALUES && oldest !== undefined) values.delete(oldest);
      return value;
    },
    forget: (key) => void values.delete(key),
  };
}
