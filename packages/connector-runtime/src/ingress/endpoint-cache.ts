import { createHash } from 'node:crypto';
import type { Clock } from '../types/clock.ts';
import type { Endpoint } from '../types/delivery.ts';

/** Finds the endpoint of a token; only the token's hash is looked for. */
export interface EndpointLookup {
  find(tokenHash: Uint8Array): Promise<Endpoint | undefined>;
}

export interface EndpointCacheOptions {
  readonly endpoints: EndpointLookup;
  readonly clock: Clock;
  /** How long a changed or disabled endpoint may still be taken for what it was. Default 5,000. */
  readonly ttlMs?: number;
  /** Of known endpoints; and as many unknown tokens, kept apart so that guesses can't push out what is real. Default 10,000. */
  readonly maxEntries?: number;
}

export interface EndpointCache {
  find(token: string): Promise<Endpoint | undefined>;
}

interface Entry {
  readonly endpoint: Endpoint | undefined;
  readonly expiresAt: number;
}

/** Tokens as this runtime makes them: 256 bits, base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** A short memory of endpoints by their token's hash, unknown ones included. The database has the last word at accept. */
export function createEndpointCache(options: EndpointCacheOptions): EndpointCache {
  const { endpoints, clock, ttlMs = 5000, maxEntries = 10_000 } = options;
  const known = new Map<string, Entry>();
  const unknown = new Map<string, Entry>();
  const underWay = new Map<string, Promise<Endpoint | undefined>>();

  async function load(hash: Buffer, key: string): Promise<Endpoint | undefined> {
    const endpoint = await endpoints.find(hash);
    const [entries, others] = endpoint === undefined ? [unknown, known] : [known, unknown];
    others.delete(key);
    entries.delete(key);
    entries.set(key, { endpoint, expiresAt: clock.now() + ttlMs });
    const oldest = entries.size > maxEntries ? entries.keys().next().value : undefined;
    if (oldest !== undefined) entries.delete(oldest);
    return endpoint;
  }

  return {
    async find(token) {
      if (!TOKEN.test(token)) return undefined;
      const hash = createHash('sha256').update(token).digest();
      const key = hash.toString('base64url');
      const entry = known.get(key) ?? unknown.get(key);
      if (entry !== undefined && clock.now() < entry.expiresAt) return entry.endpoint;
      const waiting = underWay.get(key);
      if (waiting !== undefined) return waiting;
      const loading = load(hash, key).finally(() => underWay.delete(key));
      underWay.set(key, loading);
      return loading;
    },
  };
}
