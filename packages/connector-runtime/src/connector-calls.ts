import { isConnectorError, type Manifest } from '@org/connector-sdk';
import type { ArtifactRegistry } from './artifacts/index.ts';
import { noHttp, throughBroker } from './brokered-http.ts';
import { askedToWaitMs, failedLookup, failedOutcome, failedPoll } from './call-outcome.ts';
import {
  parseAccount,
  parseEvents,
  parseMembership,
  parsePage,
  parseParsedDecision,
  parseRef,
  parseResolution,
  requireSchema,
} from './checked-answers.ts';
import type { Credentials } from './credentials/index.ts';
import { type Broker, type BrokerSession, resolveAllowedHosts, resolveTemplate } from './egress/index.ts';
import type { HostMethod, HostMethods, HostPool } from './hosts/index.ts';
import type { Limits } from './limits/index.ts';
import { createRecentValues } from './recent-values.ts';
import type { Clock } from './types/clock.ts';
import { withConfigDefaults } from './types/config-defaults.ts';
import type { ChannelTarget, ConnectorCalls, EnabledConnector } from './types/connector-calls.ts';
import type { PendingDelivery } from './types/delivery.ts';
import { RuntimeError } from './types/errors.ts';
import type { Log } from './types/log.ts';
import type { Priority } from './types/priority.ts';
import type { Attempt } from './types/run.ts';
import { uncoveredScopes } from './types/scopes.ts';
import { unlessUnparsable } from './unless-unparsable.ts';

const PARSE_TIMEOUT_MS = 10_000;
/** Of calls that are no action. */
const CALL: CallBounds = { timeoutMs: 30_000 };
/** How long a change by another node may go unnoticed. Not for the trust policy: that is asked at each call. */
const RECENT_MS = 5_000;

/** A connection as calls need it. */
interface CalledConnection {
  readonly id: string;
  readonly tenantId: string;
  readonly connector: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly status: 'ready' | 'reauth_required' | 'disabled';
  /** What its grant covers, as the provider names it; null or absent when nothing is known of it. */
  readonly grantedScopes?: readonly string[] | null;
}

interface CalledConnections {
  /** Throws `CONNECTION_UNKNOWN`, also for another tenant's. */
  connection(tenantId: string, connectionId: string): Promise<CalledConnection>;
  /** Throws `CONNECTOR_NOT_ENABLED`, or the artifact's refusal. */
  enabled(tenantId: string, connector: string): Promise<EnabledConnector>;
}

interface ConnectorCallsOptions {
  readonly artifacts: Pick<ArtifactRegistry, 'open'>;
  readonly hosts: Pick<HostPool, 'call'>;
  readonly broker: Pick<Broker, 'open'>;
  readonly credentials: Pick<Credentials, 'authorize' | 'refreshAfter401'>;
  readonly connections: CalledConnections;
  readonly limits: Pick<Limits, 'open'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A connection and the code that serves it. */
interface Ready {
  readonly connection: CalledConnection;
  readonly digest: string;
  readonly manifest: Manifest;
}

interface CallBounds {
  readonly timeoutMs: number;
  readonly readsOnly?: boolean;
  readonly signal?: AbortSignal;
  readonly beforeWrite?: Attempt['beforeWrite'];
}

/** The requests of one call, under the limits of its connection. */
interface LimitedSession extends BrokerSession {
  askedToWait(forMs: number): void;
}

const nothingSent: Pick<BrokerSession, 'effect' | 'trace' | 'retryAfterMs' | 'heldBackMs'> = {
  effect: () => 'none',
  trace: () => [],
  retryAfterMs: () => undefined,
  heldBackMs: () => undefined,
};

type Params<M extends HostMethod> = HostMethods[M]['params'];
type ChannelMethod = 'request-approval' | 'update-approval' | 'progress-approval' | 'remind-approval';
type WithoutConfig<M extends HostMethod> = Omit<Params<M>, 'config'>;

/** Remembers connections for a moment. */
export interface RememberingCalls extends ConnectorCalls {
  /** The connection was changed here. */
  forget(connection: { readonly id: string; readonly tenantId: string }): void;
}

/** Everything the runtime asks of connector code: verified, isolated, brokered, bounded, and checked on its way back. */
export function createConnectorCalls(options: ConnectorCallsOptions): RememberingCalls {
  const { artifacts, hosts, broker, credentials, connections, limits, clock, log } = options;
  const enablements = createRecentValues<string>(RECENT_MS, clock);
  const recent = createRecentValues<CalledConnection>(RECENT_MS, clock);

  /** The digest is remembered for a moment; the artifact is opened, and so checked against the trust policy, each time. */
  async function enabled(tenantId: string, connector: string): Promise<EnabledConnector> {
    const digest = await enablements.get(`${tenantId}:${connector}`, async () => {
      return (await connections.enabled(tenantId, connector)).digest;
    });
    const { manifest } = await artifacts.open(digest);
    return { digest, manifest };
  }

  async function ready(tenantId: string, connectionId: string): Promise<Ready> {
    const key = `${tenantId}:${connectionId}`;
    const connection = await recent.get(key, () => connections.connection(tenantId, connectionId));
    if (connection.status === 'disabled') {
      throw new RuntimeError('CONNECTION_DISABLED', `connection ${connectionId} is disabled; enable it to use it`);
    }
    const { digest, manifest } = await enabled(tenantId, connection.connector);
    const config = withConfigDefaults(manifest.connection.config, connection.config);
    return { connection: { ...connection, config }, digest, manifest };
  }

  function openSession(
    { connection, manifest }: Ready,
    priority: Priority,
    { timeoutMs, readsOnly = false, signal, beforeWrite }: CallBounds,
  ): LimitedSession {
    const gate = limits.open(connection, manifest.connection.rateLimit, priority);
    const session = broker.open({
      gate,
      allowedHosts: resolveAllowedHosts(manifest.connection.allowedHosts, connection.config),
      partition: connection.id,
      authorize: () => credentials.authorize(connection),
      onUnauthorized: (generation) => credentials.refreshAfter401(connection, generation),
      timeoutMs,
      readsOnly,
      signal,
      beforeWrite,
    });
    return { ...session, askedToWait: gate.askedToWait };
  }

  /** One call with http. Ends its requests when it ends, however it does. */
  async function callHost<M extends HostMethod>(
    target: Ready,
    method: M,
    params: WithoutConfig<M>,
    session: LimitedSession,
    bounds: CallBounds,
  ): Promise<unknown> {
    const { connection, digest, manifest } = target;
    const { config, tenantId } = connection;
    const { code } = await artifacts.open(digest);
    try {
      return await hosts.call({
        key: `${tenantId}:${digest}`,
        code,
        method,
        params: { ...params, config, baseUrl: resolveTemplate(manifest.connection.baseUrl, config) },
        timeoutMs: bounds.timeoutMs,
        signal: bounds.signal,
        onHttp: throughBroker(session),
        log: log.child({ connector: manifest.id, tenantId, connectionId: connection.id, method }),
      });
    } catch (error) {
      // Some say it in a body, which only the connector reads.
      const waitMs = askedToWaitMs(error);
      if (waitMs !== undefined) session.askedToWait(waitMs);
      throw error;
    } finally {
      session.close();
    }
  }

  async function callParser<M extends 'parse-delivery' | 'parse-decision'>(
    delivery: PendingDelivery,
    method: M,
    params: Params<M>,
  ): Promise<{ answer: unknown; manifest: Manifest }> {
    const { tenantId, connector } = delivery;
    const { digest, manifest } = await enabled(tenantId, connector);
    const { code } = await artifacts.open(digest);
    const answer = await hosts.call({
      key: `${tenantId}:${digest}`,
      code,
      method,
      params,
      timeoutMs: PARSE_TIMEOUT_MS,
      onHttp: noHttp,
      log: log.child({ connector, tenantId, deliveryId: delivery.id, method }),
    });
    return { answer, manifest };
  }

  async function callChannel<M extends ChannelMethod>(
    { tenantId, connectionId, channel, target, idempotencyKey }: ChannelTarget,
    method: M,
    more: Omit<WithoutConfig<M>, 'channel' | 'target' | 'idempotencyKey'>,
  ): Promise<unknown> {
    const at = await ready(tenantId, connectionId);
    requireScopes(at, at.manifest.approvalChannels[channel]?.scopes ?? []);
    return callForPeople(at, method, { channel, target, idempotencyKey, ...more } as unknown as WithoutConfig<M>);
  }

  /** With what came in the way of its requests told apart from what the channel itself says. */
  async function callForPeople<M extends ChannelMethod | 'is-group-member'>(
    at: Ready,
    method: M,
    params: WithoutConfig<M>,
  ): Promise<unknown> {
    const session = openSession(at, 'interactive', CALL);
    try {
      return await callHost(at, method, params, session, CALL);
    } catch (error) {
      // Connector code may have made a failure of its own of it, which would look final.
      const retryAfterMs = session.heldBackMs();
      if (retryAfterMs === undefined) throw error;
      const connectionId = at.connection.id;
      throw new RuntimeError('RATE_LIMITED', `${method} has to wait: connection ${connectionId} may not send now`, {
        details: { connectionId, retryAfterMs },
        cause: error,
      });
    }
  }

  /** The action's own time, or less: nothing of an attempt leaves later than whoever looks for its effect believes. */
  function timeLeft({ planned, notAfter }: Attempt): number {
    const leftMs = notAfter - clock.now();
    if (leftMs > 0) return Math.min(planned.manifest.timeoutMs, leftMs);
    throw new RuntimeError('EGRESS_TIMEOUT', `${planned.action} was not sent: this node was too long about it`);
  }

  return {
    enabled,

    forget: ({ id, tenantId }) => recent.forget(`${tenantId}:${id}`),

    async run(attempt, signal) {
      const { planned, beforeWrite } = attempt;
      const { manifest: action } = planned;
      let session: LimitedSession | undefined;
      try {
        const at = await ready(planned.tenantId, planned.connectionId);
        requirePlannedCode(attempt, at);
        requireScopes(at, action.scopes);
        const readsOnly = action.effect === 'read';
        const bounds = { timeoutMs: timeLeft(attempt), readsOnly, signal, beforeWrite };
        session = openSession(at, 'run', bounds);
        const output = await callHost(at, 'run-action', actionParams(attempt), session, bounds);
        requireSchema(action.output, output, 'ACTION_OUTPUT_INVALID', `the output of ${planned.action}`);
        return { status: 'applied', output, http: session.trace() };
      } catch (error) {
        if (!isConnectorError(error)) {
          log.error('an attempt failed inside the runtime', { action: planned.action, runId: planned.runId, error });
        }
        return failedOutcome(action, error, session ?? nothingSent);
      }
    },

    async resolve(attempt, signal) {
      const { planned } = attempt;
      const { timeoutMs, output: schema } = planned.manifest;
      const bounds = { timeoutMs, readsOnly: true, signal };
      let session: LimitedSession | undefined;
      try {
        const at = await ready(planned.tenantId, planned.connectionId);
        session = openSession(at, 'run', bounds);
        const answer = await callHost(at, 'resolve-action', actionParams(attempt), session, bounds);
        const resolution = parseResolution(answer);
        if (resolution.outcome === 'applied') {
          requireSchema(schema, resolution.output, 'ACTION_OUTPUT_INVALID', `the resolved output of ${planned.action}`);
        }
        return resolution;
      } catch (error) {
        if (!isConnectorError(error)) throw error;
        return failedLookup(error, session);
      }
    },

    async parseDelivery(delivery) {
      const trigger = delivery.purpose.name;
      return unlessUnparsable(delivery, async () => {
        const { answer, manifest } = await callParser(delivery, 'parse-delivery', {
          trigger,
          delivery: toWire(delivery),
        });
        const events = parseEvents(answer);
        const { event: schema } = triggerOf(manifest, trigger);
        for (const { data } of events) requireSchema(schema, data, 'DELIVERY_UNPARSABLE', `an event of ${trigger}`);
        return events;
      });
    },

    async parseDecision(delivery) {
      const channel = delivery.purpose.name;
      return unlessUnparsable(delivery, async () => {
        const { answer } = await callParser(delivery, 'parse-decision', { channel, delivery: toWire(delivery) });
        return parseParsedDecision(answer);
      });
    },

    async requestApproval(channel, approval) {
      return parseRef(await callChannel(channel, 'request-approval', { approval }));
    },

    async updateApproval(channel, ref, decision) {
      await callChannel(channel, 'update-approval', { ref, decision });
    },

    async progressApproval(channel, ref, progress) {
      await callChannel(channel, 'progress-approval', { ref, progress });
    },

    async remindApproval(channel, ref, progress) {
      await callChannel(channel, 'remind-approval', { ref, progress });
    },

    async isGroupMember({ tenantId, connectionId, connector, channel }, { actor, group }) {
      const at = await ready(tenantId, connectionId);
      const groups = at.manifest.approvalChannels[channel]?.groups;
      if (groups === undefined || at.manifest.id !== connector) {
        throw new RuntimeError(
          'CHANNEL_GROUPS_UNKNOWN',
          `${connector}.${channel} knows no groups: name people instead`,
        );
      }
      requireScopes(at, groups.scopes);
      return parseMembership(await callForPeople(at, 'is-group-member', { channel, actor, group }));
    },

    async poll({ tenantId, connectionId, trigger }, cursor, signal) {
      let session: LimitedSession | undefined;
      const bounds = { ...CALL, readsOnly: true, signal };
      try {
        const at = await ready(tenantId, connectionId);
        const name = trigger.slice(at.connection.connector.length + 1);
        const { event, scopes } = triggerOf(at.manifest, name);
        requireScopes(at, scopes);
        session = openSession(at, 'background', bounds);
        const answer = await callHost(at, 'poll-trigger', { trigger: name, cursor: cursor ?? null }, session, bounds);
        const page = parsePage(answer);
        for (const { data } of page.events) requireSchema(event, data, 'POLL_EVENT_INVALID', `an event of ${trigger}`);
        return { status: 'read', ...page };
      } catch (error) {
        if (!isConnectorError(error)) log.error('a poll failed inside the runtime', { trigger, connectionId, error });
        return failedPoll(error, session ?? nothingSent);
      }
    },

    async testConnection(tenantId, connectionId) {
      const at = await ready(tenantId, connectionId);
      return parseAccount(await callHost(at, 'test-connection', {}, openSession(at, 'interactive', CALL), CALL));
    },
  };
}

/** What was decided on, and perhaps approved, is this very code. */
function requirePlannedCode({ planned }: Attempt, { digest }: Ready): void {
  if (planned.artifactDigest === digest) return;
  throw new RuntimeError(
    'CONNECTOR_NOT_ENABLED',
    `${planned.action} was planned with another release of ${planned.connector} than the one enabled now; start the run again`,
    { details: { planned: planned.artifactDigest, enabled: digest } },
  );
}

/** Not left to the provider: its refusal would come in the middle of what is done, and would not say what to do. */
function requireScopes({ connection, manifest }: Ready, needed: readonly string[]): void {
  const missing = uncoveredScopes(manifest, connection.grantedScopes ?? null, needed);
  if (missing.length === 0) return;
  throw new RuntimeError(
    'CONNECTION_SCOPE_MISSING',
    `the grant of connection ${connection.id} lacks ${missing.join(', ')}: add the scopes to the app at the provider and authorize it again`,
    { details: { connectionId: connection.id, missing } },
  );
}

function triggerOf({ id, triggers }: Manifest, name: string): Manifest['triggers'][string] {
  const trigger = Object.hasOwn(triggers, name) ? triggers[name] : undefined;
  if (!trigger) throw new RuntimeError('TRIGGER_UNKNOWN', `${id} has no trigger "${name}"`);
  return trigger;
}

function actionParams({ planned, idempotencyKey, attempt }: Attempt): WithoutConfig<'run-action'> {
  return { action: planned.action.slice(planned.connector.length + 1), input: planned.input, idempotencyKey, attempt };
}

function toWire({ deliveryKey, contentType, headers, receivedAt, body }: PendingDelivery) {
  const at = new Date(receivedAt).toISOString();
  return { id: deliveryKey, contentType, headers, receivedAt: at, body: Buffer.from(body).toString('base64') };
}
