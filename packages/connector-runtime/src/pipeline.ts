import { createActions } from './actions/index.ts';
import { createApprovals } from './approvals/index.ts';
import { createDeliveryWorker, createRecordEvents } from './events/index.ts';
import { createIngress, type IngressOptions } from './ingress/index.ts';
import type { PgBossQueue } from './jobs/index.ts';
import type { PolicyEngine } from './policy/index.ts';
import { createPolling, type PollingSettings } from './polling/index.ts';
import { type AnyWorkflow, type ConnectionsPort, createRunControl, createRunExecutor } from './runs/index.ts';
import type { ApprovalRule } from './types/approval-rule.ts';
import type { AuditTrail } from './types/audit.ts';
import type { Clock } from './types/clock.ts';
import type { ConnectorCalls } from './types/connector-calls.ts';
import type { Db } from './types/database.ts';
import type { Log } from './types/log.ts';

/** What the story stands on. */
export interface PipelinePorts {
  readonly db: Db;
  readonly calls: ConnectorCalls;
  readonly policy: PolicyEngine;
  readonly connections: ConnectionsPort & { connection(tenantId: string, connectionId: string): Promise<unknown> };
  readonly ruleOfWorkspace: (workspaceId: string, name: string) => Promise<ApprovalRule | undefined>;
  readonly ingress: Pick<IngressOptions, 'endpoints' | 'deliveries' | 'refusals' | 'rate' | 'databaseTimeoutMs'>;
  readonly workflows: readonly AnyWorkflow[];
  readonly polling: PollingSettings;
  readonly jobs: PgBossQueue;
  readonly audit: AuditTrail;
  /** Where people see a run and its audit entries. */
  readonly auditUrl: (runId: string) => string;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long jobs in hand may take once the runtime is told to stop. */
const DRAIN_MS = 20_000;

/**
 * From a webhook to a write-back, in the order in which it happens.
 *
 * Each stage knows only the ports it declares; here, and only here, one stage becomes the next one's port.
 */
export function createPipeline(ports: PipelinePorts) {
  const { db, calls, policy, workflows, jobs, audit, clock, log } = ports;

  // 8. A person is asked, and decides once, on exactly what was shown. (Asked for by 7, answered through 1 to 3.)
  const approvals = createApprovals({ ...ports, rules: ports.ruleOfWorkspace });

  // 7. A write: policy, then intent and audit committed, then sent, then its outcome committed. Never resent blindly.
  const actions = createActions({ db, calls, policy, approvals, jobs, audit, clock });

  // 6. A run: the workflow's plain function, replayed over its journal until it ends or waits.
  const runs = createRunExecutor({ ...ports, actions, approvals });

  // 5. The runs that an event starts are jobs, made in the transaction that stored the event; any node takes them.
  const stopping = new AbortController();
  const work = () =>
    jobs.work({
      run: (runId) => runs.execute(runId, stopping.signal),
      'approval-request': approvals.sendRequest,
      'approval-update': approvals.sendUpdate,
      'approval-expiry': approvals.expire,
      'approval-follow-up': approvals.followUp,
    });

  // 4. An event that a workflow is for starts its run: once, however often and wherever the change was seen.
  const startedBy = (_tenantId: string, trigger: string) =>
    workflows.filter(({ on }) => on === trigger).map(({ name }) => name);

  // 4. The same, of changes that no webhook told of: connectors are asked, and what is known already is one event with it.
  const polling = createPolling({
    ...ports,
    workflows: { triggers: [...new Set(workflows.map(({ on }) => on))], startedBy },
    recordEvents: createRecordEvents({ jobs, clock }),
    // What the SaaS asks to wait is kept with the cursors; nothing is counted beforehand.
    settings: ports.polling,
  });

  // 3. A stored delivery is claimed, read by connector code in its isolated process, and becomes events or a decision.
  const worker = createDeliveryWorker({ db, calls, approvals, workflows: { startedBy }, jobs, audit, clock, log });

  // 2. The delivery is stored as pending work, in one statement, and answered: 2xx follows the commit.
  // 1. A delivery arrives: its bytes are verified by core code before anything else looks at them.
  const ingress = createIngress({ ...ports.ingress, clock, log, onAccepted: worker.wake });

  return {
    ingress,
    approvals,
    polling,
    settleByPerson: actions.settleByPerson,
    control: createRunControl({ db, audit, jobs, clock }),
    async start(): Promise<void> {
      await work();
      worker.start();
      // What was accepted before a crash is waiting.
      worker.wake();
      polling.start();
    },
    /** Takes nothing new; what is in hand ends, or stays as the journal says, for another node. */
    async stop(): Promise<void> {
      await polling.stop();
      await worker.stop();
      // A write in hand is given time to learn its outcome: cut off, it would have to be looked up.
      const patience = setTimeout(() => stopping.abort(), DRAIN_MS);
      await jobs.stop();
      clearTimeout(patience);
      stopping.abort();
      await ports.ingress.refusals.flush();
    },
  };
}

export type Pipeline = ReturnType<typeof createPipeline>;
