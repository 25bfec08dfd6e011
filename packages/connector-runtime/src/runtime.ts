import { v7 as uuidv7 } from 'uuid';
import { createApiTokens } from './api-tokens/index.ts';
import { createArtifactRegistry, createTrustFile, createTrustWatch } from './artifacts/index.ts';
import { createAuditTrail, listAudit, verifyStoredAudit } from './audit/index.ts';
import { createCallAuth } from './call-auth.ts';
import type { RuntimeOptions } from './config.ts';
import { createConnectorCalls } from './connector-calls.ts';
import { createCredentials, createTokenHttp } from './credentials/index.ts';
import { createBroker, resolveAllowedHosts, resolveTemplate } from './egress/index.ts';
import { listDeliveries, replayDeadDeliveries, replayDelivery, showDelivery } from './events/index.ts';
import { createHostPool } from './hosts/index.ts';
import {
  type AdminPorts,
  type ConnectionRefusal,
  createClientAddress,
  createHttp,
  createRequestGate,
  createStats,
  listArtifacts,
  type RuntimeFetch,
} from './http/index.ts';
import {
  createPostgresDeliveryStore,
  createPostgresEndpointStore,
  createRefusalLedger,
  generateEndpointSecret,
  requireUsableSecret,
} from './ingress/index.ts';
import { createInvoke, type Invocation, type Invoked, invokeWorkflow } from './invoke.ts';
import { createPgBossQueue } from './jobs/index.ts';
import { openKeyWrappers } from './key-wrappers.ts';
import { createConnectionLimits, createLimits, createPostgresRateLedger, LIMITS_CHANNEL } from './limits/index.ts';
import { createAuthorizationFlow, createPostgresSessionStore } from './oauth/index.ts';
import { openAuditKeys, openHeadSigner } from './open-audit-keys.ts';
import { openReferences } from './open-references.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { createPolicyEngine, createPolicySimulator, verifyPolicyText } from './policy/index.ts';
import { sweepAll } from './retention.ts';
import { createRunReader, type RunReader } from './runs/index.ts';
import { createReferencePolicies } from './secret-references/index.ts';
import { openStore, type Store } from './store/index.ts';
import { createLog, createScrubbedAudit, createScrubber } from './telemetry/index.ts';
import { createTenants, type Tenants } from './tenants/index.ts';
import { type Clock, systemClock } from './types/clock.ts';
import { RuntimeError, type RuntimeErrorCode } from './types/errors.ts';
import { createVault, pruneKeys } from './vault/index.ts';
import { createWatch } from './watch.ts';
import { createWorkflowConnections } from './workflow-connections.ts';

/** A runtime within this process. */
export interface Runtime {
  /**
   * Answers webhooks (`POST /hooks/…`), `/healthz`, `/readyz` and the admin API. With `@hono/node-server` pass its second
   * argument on: it carries the headers as they were sent. `prefix` in it is where the runtime is mounted.
   */
  readonly fetch: RuntimeFetch;
  /** Counts a connection that the server in front of {@link fetch} refused; `connector-runtime serve` calls it. */
  readonly countRefusal: (why: ConnectionRefusal) => void;
  /** What the admin API does, for code that embeds the runtime. */
  readonly admin: AdminPorts;
  /** Does one action, as a run of its own: under policy, approvals, ledger and audit. Rejects for an unknown connection only. */
  invoke(invocation: Invocation): Promise<Invoked>;
  /** Adds the configured artifacts and starts working. Throws what refuses an artifact; then it is stopped. */
  start(): Promise<void>;
  /**
   * Makes `/readyz` 503 and each answer the last of its connection; everything is still answered. For the time between being
   * told to stop and `stop`, in which load balancers notice.
   */
  drain(): void;
  /**
   * Ends in order: what `fetch` has in hand is answered first, after its commit (10 s at most), while anything new gets 503
   * with `Retry-After`; then deliveries, actions and jobs in hand end; then the database closes. Close your server before.
   * Called again it is the same ending.
   */
  stop(): Promise<void>;
}

/** How long requests in hand may take once the runtime is told to stop. */
const IN_HAND_MS = 10_000;

/**
 * Opens the database (embedded or yours), brings its schema up to date and wires every stage; nothing works until `start`.
 *
 * @throws RuntimeError `DATABASE_*` | `DATA_DIRECTORY_*` | `CONFIG_*` | `PORT_UNAVAILABLE`
 */
export async function createRuntime(options: RuntimeOptions, clock: Clock = systemClock): Promise<Runtime> {
  const scrubber = createScrubber();
  scrubber.register(options.admin.token.reveal());
  const log = createLog({ level: options.log.level, clock, scrubber });
  const store = await openStore(options.database, log);
  try {
    return await wire(store, { options, clock, log, scrubber });
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Surroundings {
  readonly options: RuntimeOptions;
  readonly clock: Clock;
  readonly log: ReturnType<typeof createLog>;
  readonly scrubber: ReturnType<typeof createScrubber>;
}

async function wire(store: Store, { options, clock, log, scrubber }: Surroundings): Promise<Runtime> {
  const { db } = store;
  const { AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN = '' } = process.env;
  const password = new URL(store.url.reveal()).password;
  const ownSecrets = [options.admin.token.reveal(), password, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN];
  const learn = (secret: string) => {
    ownSecrets.push(secret);
    scrubber.register(secret);
  };
  for (const secret of ownSecrets) scrubber.register(secret);
  const audit = createScrubbedAudit(createAuditTrail({ db, clock }), scrubber);
  const artifacts = createArtifactRegistry({
    db,
    audit,
    trust: createTrustFile(options.trust),
    quarantine: options.quarantine,
    clock,
    log,
  });
  const hosts = createHostPool({ log, clock });
  const stopHosts = (digest: string) => hosts.stopWhere((key) => key.includes(digest));
  const trustWatch = createTrustWatch({ artifacts, stop: stopHosts, log });
  const nodeId = uuidv7();
  const limits = createLimits({ ledger: createPostgresRateLedger({ db, nodeId }), nodeId, clock, log });
  const broker = createBroker({ clock, log, allowedPrivate: options.egress.allowPrivate });
  const vault = createVault({ db, wrappers: await openKeyWrappers(options, learn), clock });
  const referencePolicies = createReferencePolicies({ db, audit });
  const references = await openReferences(options.secretReferences, {
    policies: referencePolicies,
    own: ownSecrets,
    learn,
    clock,
    scrubber,
  });
  const policy = createPolicyEngine({
    policyTexts: (tenantId, workspaceId) => tenants.policyTexts(tenantId, workspaceId),
    clock,
    log,
  });

  // Credentials ask tenants for a connection, and tenants ask credentials to keep its secrets.
  const connections = {
    connection: (tenantId: string, connectionId: string) => tenants.connection(tenantId, connectionId),
    enabled: (tenantId: string, connector: string) => tenants.enabled(tenantId, connector),
  };
  const credentials = createCredentials({
    db,
    vault,
    ...references,
    log,
    connections,
    tokenHttp: createTokenHttp(broker, { resolveTemplate, resolveAllowedHosts }),
    callAuth: createCallAuth({ artifacts, hosts, broker, clock, log }),
    clock,
    audit,
    scrubber,
  });
  const tenants: Tenants = createTenants({
    store,
    audit,
    artifacts,
    credentials: {
      ...credentials,
      forget(connection) {
        credentials.forget(connection);
        calls.forget(connection);
        workflowConnections.forget(connection);
      },
    },
    vault,
    endpointSecrets: { generate: generateEndpointSecret, require: requireUsableSecret },
    policies: { validate: verifyPolicyText, forget: policy.forget },
    test: (tenantId, connectionId) => calls.testConnection(tenantId, connectionId),
    clock,
  });
  const flow = createAuthorizationFlow({
    sessions: createPostgresSessionStore(db, audit),
    grants: credentials,
    connections: tenants,
    vault,
    publicUrl: options.publicUrl,
    audit,
    clock,
    log,
  });
  const { retention } = options;
  const auditKeys = await openAuditKeys(options.audit, learn);
  const headSigner = openHeadSigner(auditKeys, { db, clock, options: options.audit });
  const watches = [
    createWatch({
      everyMs: options.audit.signEverySeconds * 1000,
      look: async (signal) => headSigner?.signMoved(signal),
      failure: 'heads of the audit could not be signed',
      log,
    }),
    createWatch({
      everyMs: 20_000,
      async look() {
        const count = await credentials.renewDue();
        if (count > 0) log.debug('credentials were due to be renewed', { count });
      },
      failure: 'what is due to be renewed could not be read',
      log,
    }),
    createWatch({
      everyMs: 3_600_000,
      look: (signal) => sweepAll({ db, audit, clock, retention }, signal),
      failure: 'what is past its time of retention could not be deleted',
      log,
    }),
  ];

  const calls = createConnectorCalls({ artifacts, hosts, broker, credentials, connections, limits, clock, log });
  const workflowConnections = createWorkflowConnections(tenants, clock);
  const jobs = createPgBossQueue({ store, log, clock });
  const runs = createRunReader(db);
  const refusals = createRefusalLedger({ audit, clock, log });
  const { rate, databaseTimeoutMs, ...webhookLimits } = options.limits.webhooks;
  const auditUrl = (runId: string) => `${options.publicUrl}/admin/v1/runs/${runId}/audit`;
  const pipeline = createPipeline({
    db,
    calls,
    policy,
    connections: workflowConnections,
    ruleOfWorkspace: (workspaceId, name) => tenants.ruleOfWorkspace(workspaceId, name),
    ingress: {
      endpoints: createPostgresEndpointStore({ db, secrets: vault, clock }),
      deliveries: createPostgresDeliveryStore(store.run, databaseTimeoutMs),
      refusals,
      rate,
      databaseTimeoutMs,
    },
    workflows: [...options.workflows, invokeWorkflow],
    polling: options.polling,
    jobs,
    audit,
    auditUrl,
    clock,
    log,
  });

  const apiTokens = createApiTokens({ store, audit, clock, log, reserved: [ROOT] });
  const admin: AdminPorts = {
    tenants,
    references: referencePolicies,
    policy: createPolicySimulator({
      policyTexts: tenants.policyTexts,
      manifests: tenants.manifests,
      artifact: artifacts.open,
      db,
      clock,
    }),
    limits: limitsOf(tenants, createConnectionLimits({ db, audit, clock, gates: limits })),
    artifacts: {
      add: (source, by) => artifacts.add(source, by),
      promote: (digest, by) => artifacts.promote(digest, by),
      list: () => listArtifacts(db, new Date(clock.now())),
    },
    connections: { authorize: (request) => flow.begin(request) },
    runs: runsOf(runs, pipeline, auditUrl),
    approvals: {
      list: (tenantId, limit) => pipeline.approvals.list(tenantId, limit),
      decide: (click) => pipeline.approvals.decide(click),
    },
    audit: {
      list: (tenantId, page) => listAudit(db, tenantId, page),
      verify: (tenantId) => verifyStoredAudit(db, tenantId, { keys: auditKeys.keys }),
    },
    deliveries: {
      list: (tenantId, query) => listDeliveries(db, tenantId, query),
      show: (tenantId, deliveryId) => showDelivery(db, tenantId, deliveryId),
      replay: (request) => replayDelivery({ db, audit }, request),
      replayDead: (request) => replayDeadDeliveries({ db, audit }, request),
    },
    polling: pipeline.polling,
    apiTokens,
    stats: createStats({ db, refusals }),
  };
  let stopListening = async () => {};
  let state: 'created' | 'starting' | 'started' | 'stopped' = 'created';
  let stopping: Promise<void> | undefined;
  const http = createHttp({
    ingress: pipeline.ingress,
    admin: {
      ...admin,
      tokens: [{ name: ROOT, token: options.admin.token }],
      holders: apiTokens,
      refusals,
      publicUrl: options.publicUrl,
    },
    oauth: flow,
    webhookLimits,
    health: {
      isReady: async () =>
        state === 'started' && (await db.selectNoFrom((eb) => eb.val(1).as('one')).execute()).length === 1,
      isDraining: () => gate.isDraining,
    },
    clientAddress: createClientAddress(options.http),
    clock,
    log,
  });
  const gate = createRequestGate((request, env) => http.fetch(request, env));

  async function end(): Promise<void> {
    state = 'stopped';
    if (!(await gate.close(IN_HAND_MS))) log.warn('requests in hand took too long and are left behind');
    await pipeline.stop();
    await trustWatch.stop();
    await Promise.all(watches.map((watch) => watch.stop()));
    await hosts.stop();
    await broker.stop();
    await limits.stop();
    await stopListening();
    await refusals.flush();
    await store.close();
  }

  function stop(): Promise<void> {
    stopping ??= end();
    return stopping;
  }

  return {
    fetch: gate.fetch,
    countRefusal: (why) => refusals.count({ code: CONNECTION_REFUSALS[why] }),
    admin,
    invoke: createInvoke({ db, connectionFor: tenants.connectionFor, runs, jobs, audit, clock }),
    async start() {
      if (state !== 'created') throw new RuntimeError('RUNTIME_STOPPED', 'a runtime starts once: create another one');
      state = 'starting';
      try {
        hosts.warm();
        for (const path of options.artifacts) await artifacts.add(path);
        await pruneKeys({ db, audit, by: 'system' });
        stopListening = await store.listen(LIMITS_CHANNEL, limits);
        await pipeline.start();
        for (const watch of watches) watch.start();
      } catch (error) {
        await stop();
        throw error;
      }
      state = 'started';
      log.info('the runtime works', { workflows: options.workflows.map(({ name }) => name) });
    },
    drain: gate.drain,
    stop,
  };
}

/** Who holds the token of the config: `admin:root`. */
const ROOT = 'root';

const CONNECTION_REFUSALS = {
  'too-slow': 'WEBHOOK_TOO_SLOW',
  'headers-too-large': 'WEBHOOK_HEADERS_TOO_LARGE',
  'not-http': 'WEBHOOK_NOT_HTTP',
  'too-many': 'WEBHOOK_OVERLOADED',
} as const satisfies Record<ConnectionRefusal, RuntimeErrorCode>;

function limitsOf(tenants: Tenants, limits: ReturnType<typeof createConnectionLimits>): AdminPorts['limits'] {
  return {
    async read(tenantId, connectionId) {
      const connection = await tenants.connection(tenantId, connectionId);
      const { manifest } = await tenants.enabled(tenantId, connection.connector);
      return limits.read(connection, manifest.connection.rateLimit);
    },
    async set({ tenantId, connectionId, limit, by }) {
      await limits.set(await tenants.connection(tenantId, connectionId), limit, by);
    },
  };
}

function runsOf(reader: RunReader, pipeline: Pipeline, auditUrl: (runId: string) => string): AdminPorts['runs'] {
  return {
    list: reader.list,
    unsettled: reader.unsettled,
    async get(runId, within) {
      const run = await reader.get(runId, within);
      return run && { ...run, auditUrl: auditUrl(runId) };
    },
    settle: (step, found, by) => pipeline.settleByPerson(step, found, by),
    ...pipeline.control,
  };
}
