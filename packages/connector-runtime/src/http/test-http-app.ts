import { randomBytes } from 'node:crypto';
import { createApiTokens } from '../api-tokens/index.ts';
import { createAuditTrail, listAudit, verifyStoredAudit } from '../audit/index.ts';
import { listDeliveries, replayDeadDeliveries, replayDelivery, showDelivery } from '../events/index.ts';
import {
  createIngress,
  createPostgresDeliveryStore,
  createPostgresEndpointStore,
  createRefusalLedger,
  type RefusalLedger,
} from '../ingress/index.ts';
import { createConnectionLimits } from '../limits/index.ts';
import { createPolicySimulator } from '../policy/index.ts';
import { createReferencePolicies } from '../secret-references/index.ts';
import type { TestDatabase } from '../store/test-database.ts';
import { createTestTenants, type TestTenants } from '../tenants/test-tenant.ts';
import type { Clock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import { type Log, silentLog } from '../types/log.ts';
import { Secret } from '../types/secret.ts';
import { adminDocument } from './admin/description.ts';
import type { AdminPorts } from './admin/ports.ts';
import { createClientAddress, type ProxyTrust } from './client-address.ts';
import { createHttp, type HttpApp, type HttpOptions } from './create-http.ts';
import { listArtifacts } from './postgres-artifact-list.ts';
import { createStats } from './postgres-stats.ts';
import { createAnswerCheck } from './test-answers.ts';

export interface TestHttp {
  readonly app: HttpApp;
  readonly test: TestTenants;
  readonly refusals: RefusalLedger;
  /** A request with the admin token, or the one given; `body` goes as JSON. What is answered must be as described. */
  admin(method: string, path: string, body?: unknown, as?: string): Promise<{ status: number; json: unknown }>;
  readonly token: string;
}

const DECLARED = { requestsPerMinute: 60, concurrency: 4 };
const checkAnswer = createAnswerCheck(adminDocument('closed'));

/** The http layer over real ingress, tenants, audit and database; artifacts, runs and approvals as the test says. */
export function createTestHttp(
  database: TestDatabase,
  clock: Clock,
  over: Partial<AdminPorts> & {
    isReady?: () => Promise<boolean>;
    log?: Log;
    proxies?: ProxyTrust;
    webhookLimits?: HttpOptions['webhookLimits'];
    oauth?: HttpOptions['oauth']['complete'];
  } = {},
): TestHttp {
  const { db } = database;
  const {
    isReady = async () => true,
    log = silentLog,
    proxies = { trustedProxies: [], forwardedHeader: 'x-forwarded-for' },
    webhookLimits,
    oauth = async () => Promise.reject(new RuntimeError('OAUTH_STATE_MISMATCH', 'nothing was begun')),
    ...ports
  } = over;
  const test = createTestTenants(database.store, clock);
  const limits = createConnectionLimits({
    ...{ db, clock },
    audit: createAuditTrail({ db, clock }),
    gates: { view: () => undefined },
  });
  const refusals = createRefusalLedger({ audit: createAuditTrail({ db, clock }), clock, log: silentLog });
  const apiTokens = createApiTokens({
    store: database.store,
    audit: createAuditTrail({ db, clock }),
    clock,
    log: silentLog,
    reserved: ['ops'],
  });
  const token = randomBytes(32).toString('base64url');
  const app = createHttp({
    ingress: createIngress({
      endpoints: createPostgresEndpointStore({ db, secrets: test, clock }),
      deliveries: createPostgresDeliveryStore(database.store.run),
      refusals,
      clock,
      log: silentLog,
    }),
    oauth: { complete: oauth },
    health: { isReady, isDraining: () => false },
    clientAddress: createClientAddress(proxies),
    clock,
    log,
    ...(webhookLimits === undefined ? {} : { webhookLimits }),
    admin: {
      tokens: [
        { name: 'someone', token: new Secret(randomBytes(32).toString('hex')) },
        { name: 'ops', token: new Secret(token) },
      ],
      publicUrl: 'https://connectors.example',
      tenants: test.tenants,
      references: createReferencePolicies({ db, audit: createAuditTrail({ db, clock }) }),
      policy: createPolicySimulator({
        policyTexts: test.tenants.policyTexts,
        manifests: test.tenants.manifests,
        artifact: test.openArtifact,
        db,
        clock,
      }),
      limits: {
        read: async (tenantId, id) => limits.read(await test.tenants.connection(tenantId, id), DECLARED),
        set: async ({ tenantId, connectionId, limit, by }) =>
          limits.set(await test.tenants.connection(tenantId, connectionId), limit, by),
      },
      artifacts: { add: async () => ({}), promote: async () => undefined, list: () => listArtifacts(db) },
      connections: {
        authorize: async () => ({
          url: 'https://provider.example/',
          redirectUri: '',
          expiresAt: '2026-01-01T00:00:00.000Z',
        }),
      },
      runs: {
        list: async () => [],
        get: async () => undefined,
        unsettled: async () => [],
        settle: async () => undefined,
        cancel: async () => undefined,
        resume: async () => undefined,
      },
      approvals: { list: async () => [], decide: async () => ({ status: 'decided', runId: '' }) },
      audit: {
        list: (tenantId, page) => listAudit(db, tenantId, page),
        verify: (tenantId) => verifyStoredAudit(db, tenantId),
      },
      deliveries: {
        list: (tenantId, query) => listDeliveries(db, tenantId, query),
        show: (tenantId, deliveryId) => showDelivery(db, tenantId, deliveryId),
        replay: (request) => replayDelivery({ db, audit: createAuditTrail({ db, clock }) }, request),
        replayDead: (request) => replayDeadDeliveries({ db, audit: createAuditTrail({ db, clock }) }, request),
      },
      apiTokens,
      holders: apiTokens,
      refusals,
      polling: {
        list: async () => [],
        reconcile: async () => Promise.reject(new RuntimeError('TRIGGER_UNKNOWN', 'nothing polls in this test')),
      },
      stats: createStats({ db, refusals }),
      ...ports,
    },
  });

  return {
    app,
    test,
    refusals,
    token,
    async admin(method, path, body, as = token) {
      const response = await app.request(`/admin/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${as}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const answer = { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
      checkAnswer(method, path, answer);
      return answer;
    },
  };
}
