export { type ConnectionLimits, createConnectionLimits, type RateOverride } from './connection-limits.ts';
export { createLimits, type Limits } from './limits.ts';
export { createPostgresRateLedger, LIMITS_CHANNEL } from './postgres-rate-ledger.ts';
