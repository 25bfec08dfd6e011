import { z } from 'zod';

/** How connectors are asked for what webhooks missed. */
export interface PollingConfig {
  /** False: this node polls nothing by itself. Default true. */
  readonly enabled?: boolean;
  /** Seconds between polls, by trigger (`{ 'servicenow.incident-changed': 300 }`), 10 to 86,400. Default: the manifest's. */
  readonly intervalSeconds?: Readonly<Record<string, number>>;
  /** The slowest that a quiet trigger gets, 10 to 86,400. Default 900. */
  readonly maxIntervalSeconds?: number;
  /** What a poll finds that is older starts no run, 1 to 365. Default 7. */
  readonly backfillDays?: number;
}

const seconds = z.number().min(10).max(86_400);
const trigger = z.string().regex(/^[^.]+\..+$/, 'must be the full name of a trigger');

export const polling = z
  .strictObject({
    enabled: z.boolean().default(true),
    intervalSeconds: z.record(trigger, seconds).default({}),
    maxIntervalSeconds: seconds.default(900),
    backfillDays: z.number().min(1).max(365).default(7),
  })
  .prefault({});
