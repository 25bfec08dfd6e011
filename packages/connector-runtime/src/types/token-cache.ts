import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';

interface TokenCacheOptions<T> {
  /** By the token's SHA-256; only that is looked for. */
  find(tokenHash: Buffer): Promise<T | undefined>;
  /** When what was found is outdated by itself, in milliseconds since 1970; null: never. */
  readonly endOf?: (value: T) => number | null;
  /** Anything else is unknown, without a look. */
  readonly pattern: RegExp;
  readonly clock: Clock;
  /** How long a changed one may still be taken for what it was. */
  readonly ttlMs: number;
  /** Of known ones; and as many unknown, kept apart so that guesses can't push out what is real. */
  readonly maxEntries: number;
}

/** A short memory of what opaque tokens stand for, unknown ones included; a token asked for many times at once is looked up once. */
export interface TokenCache<T> {
  find(token: string): Promise<T | undefined>;
}

export function createTokenCache<T>(options: TokenCacheOptions<T>): TokenCache<T> {
  const { endOf = () => null, pattern, clock, ttlMs, maxEntries } = options;
  type Entry = { readonly value: T | undefined; readonly expiresAt: number };
  const known = new Map<string, Entry>();
  const unknown = new Map<string, Entry>();
  const underWay = new Map<string, Promise<T | undefined>>();

  async function load(hash: Buffer, key: string): Promise<T | undefined> {
    const value = await options.find(hash);
    const [entries, others] = value === undefined ? [unknown, known] : [known, unknown];
    others.delete(key);
    entries.delete(key);
    const end = value === undefined ? null : endOf(value);
    entries.set(key, { value, expiresAt: Math.min(clock.now() + ttlMs, end ?? Number.POSITIVE_INFINITY) });
    const oldest = entries.size > maxEntries ? entries.keys().next().value : undefined;
    if (oldest !== undefined) entries.delete(oldest);
    return value;
  }

  return {
    async find(token) {
      if (!pattern.test(token)) return undefined;
      const hash = createHash('sha256').update(token).digest();
      const key = hash.toString('base64url');
      const entry = known.get(key) ?? unknown.get(key);
      if (entry !== undefined && clock.now() < entry.expiresAt) return entry.value;
      const waiting = underWay.get(key);
      if (waiting !== undefined) return waiting;
      const loading = load(hash, key).finally(() => underWay.delete(key));
      underWay.set(key, loading);
      return loading;
    },
  };
}
