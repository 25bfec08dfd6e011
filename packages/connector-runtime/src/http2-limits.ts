import type { ServerOptions } from 'node:http2';

/** A session on which nothing happens for so long is ended. */
export const HTTP2_IDLE_MS = 120_000;

/**
 * What one peer may make the server hold or do. A proxy needs none of it: it opens as many streams as it has requests, with
 * headers that are smaller than these, and resets few of them.
 */
export const HTTP2_LIMITS: ServerOptions = {
  settings: { maxConcurrentStreams: 100, maxHeaderListSize: 16_384, enablePush: false },
  // 128 header pairs with the pseudo headers, as many as a webhook may have and some more.
  maxHeaderListPairs: 128,
  /** Megabytes. */
  maxSessionMemory: 10,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  maxSettings: 32,
  maxOutstandingPings: 10,
  // Rapid reset (CVE-2023-44487): after a burst, so many a second; beyond that the session ends.
  streamResetBurst: 200,
  streamResetRate: 20,
};
