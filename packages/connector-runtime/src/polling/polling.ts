import { randomUUID } from 'node:crypto';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import type { Log } from '../types/log.ts';
import { paceLimits } from './pace.ts';
import { createPollClaims, type PollPair } from './poll-claims.ts';
import { listPolling, type PollState } from './poll-list.ts';
import { createPollRecord } from './poll-record.ts';
import type { PollReport } from './poll-turn.ts';
import { createPoller } from './poller.ts';
import type { PollCalls, PolledWorkflows, RecordEvents } from './ports.ts';
import { createReconcile } from './reconcile.ts';

/** What a deployment says about polling; see the runtime's config. */
export interface PollingSettings {
  readonly enabled: boolean;
  /** By trigger, in place of the manifest's. */
  readonly intervalSeconds: Readonly<Record<string, number>>;
  readonly maxIntervalSeconds: number;
  readonly backfillDays: number;
}

export interface PollingOptions {
  readonly db: Db;
  readonly calls: PollCalls;
  readonly workflows: PolledWorkflows;
  readonly recordEvents: RecordEvents;
  readonly connections: { connection(tenantId: string, connectionId: string): Promise<unknown> };
  readonly settings: PollingSettings;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

export interface PollingStage {
  /** Polls what is due, unless the settings say that this node does not. */
  start(): void;
  drain(): Promise<void>;
  stop(): Promise<void>;
  /** Polls one connection's trigger now. See `createReconcile` for what it throws. */
  reconcile(pair: PollPair, by: string): Promise<PollReport>;
  list(tenantId: string): Promise<readonly PollState[]>;
}

/** Longer than one page may take to be read and stored; each page that is stored begins it anew. */
const LEASE_MS = 90_000;
const DAY_MS = 86_400_000;

/** Finds what webhooks missed: asks connectors what happened, one node at a time for each connection and trigger. */
export function createPolling(options: PollingOptions): PollingStage {
  const { db, workflows, settings, clock, log, random = Math.random } = options;
  const { triggers } = workflows;
  const claims = createPollClaims({ ...options, holder: randomUUID(), leaseMs: LEASE_MS, triggers });
  const record = createPollRecord({ ...options, leaseMs: LEASE_MS, backfillMs: settings.backfillDays * DAY_MS });
  const paceOf = ({ trigger, manifestSeconds }: { trigger: string; manifestSeconds: number }) =>
    paceLimits(settings.intervalSeconds[trigger] ?? manifestSeconds, settings.maxIntervalSeconds * 1000);
  const poller = createPoller({ claims, ports: { ...options, record, paceOf, random }, clock, log });
  return {
    start() {
      if (settings.enabled) poller.start();
    },
    drain: poller.drain,
    stop: poller.stop,
    reconcile: createReconcile({ ...options, claims, poller, triggers }),
    list: (tenantId) => listPolling(db, tenantId, clock.now(), settings.enabled ? triggers : undefined),
  };
}
