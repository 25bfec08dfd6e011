import type { Clock } from '../types/clock.ts';
import type { Endpoint } from '../types/delivery.ts';
import { createTokenCache, type TokenCache } from '../types/token-cache.ts';

/** Finds the endpoint of a token; only the token's hash is looked for. */
export interface EndpointLookup {
  find(tokenHash: Uint8Array): Promise<Endpoint | undefined>;
}

export interface EndpointCacheOptions {
  readonly endpoints: EndpointLookup;
  readonly clock: Clock;
  /** How long a changed or disabled endpoint may still be taken for what it was; an end that is known is kept to. Default 5,000. */
  readonly ttlMs?: number;
  /** Of known endpoints; and as many unknown tokens. Default 10,000. */
  readonly maxEntries?: number;
}

/** Tokens as this runtime makes them: 256 bits, base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** A short memory of endpoints by their token's hash, unknown ones included. The database has the last word at accept. */
export function createEndpointCache(options: EndpointCacheOptions): TokenCache<Endpoint> {
  const { endpoints, clock, ttlMs = 5000, maxEntries = 10_000 } = options;
  return createTokenCache({
    find: (hash) => endpoints.find(hash),
    endOf: ({ validUntil }) => validUntil,
    pattern: TOKEN,
    clock,
    ttlMs,
    maxEntries,
  });
}
