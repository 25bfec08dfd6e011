// Parts of the runtime by themselves, for this repository's benchmarks and fault runs. Not part of the published package.
export { createApiTokens } from './api-tokens/index.ts';
export { createAuditTrail, createHeadSigner, exportAudit } from './audit/index.ts';
export { type Credentials, createCredentials, createTokenHttp } from './credentials/index.ts';
export { type Broker, createBroker, resolveAllowedHosts, resolveTemplate } from './egress/index.ts';
export { createHostPool, type HostPool } from './hosts/index.ts';
export {
  type AdminApp,
  adminDocument,
  adminReferencePage,
  createAdminApp,
  createWebhookApp,
  type OpenApiDocument,
} from './http/index.ts';
export { startHttpServer } from './http-server.ts';
export {
  createIngress,
  createPostgresDeliveryStore,
  createPostgresEndpointStore,
  createRefusalLedger,
} from './ingress/index.ts';
export { createLimits, createPostgresRateLedger, LIMITS_CHANNEL, type Limits } from './limits/index.ts';
export { openStore, type Store } from './store/index.ts';
export { createLog, createScrubber } from './telemetry/index.ts';
export { systemClock } from './types/clock.ts';
export { stepDigest } from './types/digest.ts';
export { silentLog } from './types/log.ts';
export { Secret } from './types/secret.ts';
export { createLocalWrapper, createVault, type KeyWrappers, rotateMaster, rotateTenants } from './vault/index.ts';
