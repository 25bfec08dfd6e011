import { z } from 'zod';
import type { ConnectionLimits, WebhookLimits } from './http/index.ts';
import type { DeliveryRate } from './ingress/index.ts';

/** What strangers may cost this node. Each has a default; `docs/guides/platform.md` has the table. */
export interface LimitsConfig {
  readonly webhooks?: WebhookLimits & {
    /** Verified deliveries that one endpoint takes on this node: on average, and at once. Default 100 a second and 1,000. */
    readonly rate?: DeliveryRate;
    /** How long the database may take before a sender is told to come again. Default 5,000. */
    readonly databaseTimeoutMs?: number;
  };
  /** Of the server that `connector-runtime serve` listens with. */
  readonly connections?: ConnectionLimits;
}

const count = z.int().min(1).max(1_000_000);
const timeMs = z.int().min(1).max(3_600_000);
/** What the largest declared body needs, so that one can be taken at all. */
const MIN_BYTES_IN_HAND = 26_214_400;
/** Less refuses what vendors send. */
const headerBytes = z.int().min(1024).max(1_048_576);

const schema = z.strictObject({
  webhooks: z
    .strictObject({
      rate: z.strictObject({ perSecond: z.number().positive().max(1_000_000), burst: count }),
      maxRequests: count,
      maxBytesInHand: z.int().min(MIN_BYTES_IN_HAND),
      maxHeaders: z.int().min(10).max(2000),
      maxHeaderBytes: headerBytes,
      bodyTimeoutMs: timeMs,
      refusalPaceMs: z.int().min(0).max(10_000),
      databaseTimeoutMs: timeMs,
    })
    .partial()
    .default({}),
  connections: z
    .strictObject({
      headersTimeoutMs: timeMs,
      requestTimeoutMs: timeMs,
      checkIntervalMs: timeMs,
      keepAliveTimeoutMs: timeMs,
      maxHeaderBytes: headerBytes,
      maxConnections: count,
    })
    .partial()
    .default({}),
});

export type Limits = z.infer<typeof schema>;

export const limits = schema.default({ webhooks: {}, connections: {} });
