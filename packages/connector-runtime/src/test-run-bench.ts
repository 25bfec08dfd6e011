import type { ManifestAction, ParsedDecision, Resolution } from '@org/connector-sdk';
import { v7 } from 'uuid';
import { createActions } from './actions/index.ts';
import { createApprovals } from './approvals/index.ts';
import { createAuditTrail } from './audit/index.ts';
import { createPolicyEngine } from './policy/index.ts';
import type { AnyWorkflow } from './runs/define-workflow.ts';
import { createRunExecutor, type RunExecutor } from './runs/run-executor.ts';
import { sampleAction, sampleManifest } from './runs/test-manifest.ts';
import { createTestDatabase } from './store/test-database.ts';
import { type ApprovalRule, DEFAULT_RULE } from './types/approval-rule.ts';
import type { ConnectorCalls } from './types/connector-calls.ts';
import type { Db } from './types/database.ts';
import type { Job, JobQueue } from './types/jobs.ts';
import { silentLog } from './types/log.ts';
import type { Attempt, Outcome } from './types/run.ts';

export const APPROVER = 'chat:T1/U1';

/** A clock that moves only when told. */
function manualClock(start = 1_800_000_000_000) {
  let now = start;
  return {
    now: () => now,
    advance(ms: number) {
      now += ms;
    },
  };
}

export interface BenchOptions {
  readonly actions?: Readonly<Record<string, ManifestAction>>;
  readonly run?: (attempt: Attempt, signal: AbortSignal) => Promise<Outcome>;
  readonly resolve?: (attempt: Attempt) => Promise<Resolution<unknown>>;
  readonly rule?: Partial<ApprovalRule>;
}

export type Bench = Awaited<ReturnType<typeof createBench>>;

/** Runs, actions, approvals and policy on a real Postgres; the connectors' side is the test's own. */
export async function createBench(options: BenchOptions = {}) {
  const database = await createTestDatabase();
  const { db } = database;
  const clock = manualClock();
  const audit = createAuditTrail({ db, clock });
  const queue = createTestQueue(clock);
  const tenant = await seedTenant(db, 'acme');
  const artifact = { digest: 'sha256:one' };
  const posted: { approvalId: string; idempotencyKey: string }[] = [];
  const updated: { approvalId: string; decision: string }[] = [];
  const progress: { approvalId: string; approvedBy: readonly string[]; needed: number; channel: string }[] = [];
  const reminded: typeof progress = [];
  /** Members by group. */
  const groups = new Map<string, readonly string[]>();
  const rules = new Map<string, ApprovalRule>();
  rules.set(ruleKey(tenant.workspaceId, DEFAULT_RULE), {
    connectionId: tenant.chatId,
    connector: 'chat',
    channel: 'approvals',
    target: { channel: 'C1' },
    approvers: [APPROVER],
    expiresInSeconds: 3600,
    ...options.rule,
  });
  const policyTexts = new Map<string, { version: number; text: string }>();

  const createEnabled: ConnectorCalls['enabled'] = async (_tenantId, connector) => ({
    digest: artifact.digest,
    manifest: sampleManifest(options.actions ?? { set: sampleAction() }, connector),
  });
  const calls: ConnectorCalls = {
    enabled: createEnabled,
    run: options.run ?? (async ({ planned }) => ({ status: 'applied', output: { echo: planned.input }, http: [] })),
    resolve: options.resolve ?? (async () => ({ outcome: 'unknown', reason: 'not scripted' })),
    parseDelivery: async () => [],
    parseDecision: async (): Promise<ParsedDecision | undefined> => undefined,
    async requestApproval({ idempotencyKey }, { approvalId }) {
      posted.push({ approvalId, idempotencyKey });
      return { ts: String(posted.length) };
    },
    async updateApproval(_channel, _ref, { approvalId, decision }) {
      updated.push({ approvalId, decision });
    },
    async progressApproval({ channel }, _ref, { approvalId, approvedBy, needed }) {
      progress.push({ approvalId, approvedBy, needed, channel });
    },
    async remindApproval({ channel }, _ref, { approvalId, approvedBy, needed }) {
      reminded.push({ approvalId, approvedBy, needed, channel });
    },
    isGroupMember: async (_channel, { group, actor }) => groups.get(group)?.includes(actor) ?? false,
    poll: async () => ({ status: 'read', events: [], cursor: '', more: false }),
    testConnection: async () => ({ account: 'test' }),
  };

  /** One process: its memory is its own, the database is everybody's. */
  function createNode(workflows: readonly AnyWorkflow[], overrides: Partial<ConnectorCalls> = {}) {
    const ports = { db, audit, jobs: queue, clock, log: silentLog, calls: { ...calls, ...overrides } };
    const policy = createPolicyEngine({
      policyTexts: async (tenantId) => {
        const { version = 0, text } = policyTexts.get(tenantId) ?? {};
        return { tenant: text, tenantVersion: version, workspaceVersion: 0 };
      },
      clock,
      log: silentLog,
    });
    const approvals = createApprovals({
      ...ports,
      rules: async (workspaceId, name) => rules.get(ruleKey(workspaceId, name)),
      auditUrl: (runId) => `https://runtime.example/runs/${runId}/audit`,
    });
    const actions = createActions({ ...ports, policy, approvals, random: () => 0.5 });
    const connections = {
      forAction: async (_run: unknown, connector: string) => ({
        id: connector === 'chat' ? tenant.chatId : tenant.sampleId,
        name: connector,
      }),
    };
    const executor = createRunExecutor({ ...ports, workflows, actions, approvals, connections });
    return { executor, actions, approvals };
  }

  /** Works on every job that is due, until none is. */
  async function pump(node: { executor: RunExecutor; approvals: ReturnType<typeof createApprovals> }): Promise<void> {
    for (let job = queue.take(); job !== undefined; job = queue.take()) {
      if (job.queue === 'run') await node.executor.execute(job.runId);
      else if (job.queue === 'approval-request') await node.approvals.sendRequest(job.approvalId);
      else if (job.queue === 'approval-update') await node.approvals.sendUpdate(job.approvalId);
      else if (job.queue === 'approval-follow-up') await node.approvals.followUp(job.approvalId);
      else await node.approvals.expire(job.approvalId);
    }
  }

  return {
    db,
    clock,
    audit,
    queue,
    tenant,
    artifact,
    policyTexts,
    groups,
    posted,
    updated,
    progress,
    reminded,
    /** The rule of the tenant's workspace; undefined: there is none of that name. */
    setRule(name: string, rule: ApprovalRule | undefined) {
      if (rule === undefined) rules.delete(ruleKey(tenant.workspaceId, name));
      else rules.set(ruleKey(tenant.workspaceId, name), rule);
    },
    rule(name = DEFAULT_RULE): ApprovalRule {
      const rule = rules.get(ruleKey(tenant.workspaceId, name));
      if (rule === undefined) throw new Error(`the bench has no rule ${name}`);
      return rule;
    },
    createEnabled,
    createNode,
    pump,
    seedRun: (workflow: string, data: unknown = {}) => seedRun(db, tenant, workflow, { data, receivedAt: clock.now() }),
    seedTenant: (name: string) => seedTenant(db, name),
    run: (id: string) => db.selectFrom('connector.runs').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    steps: (runId: string) =>
      db.selectFrom('connector.run_steps').selectAll().where('run_id', '=', runId).orderBy('key').execute(),
    approvals: (runId: string) =>
      db.selectFrom('connector.approvals').selectAll().where('run_id', '=', runId).orderBy('id').execute(),
    auditKinds: async (runId: string) => {
      const rows = await db
        .selectFrom('connector.audit_entries')
        .select('kind')
        .where('run_id', '=', runId)
        .orderBy('seq')
        .execute();
      return rows.map(({ kind }) => kind);
    },
    close: () => database.close(),
  };
}

const ruleKey = (workspaceId: string, name: string) => `${workspaceId} ${name}`;

/** Jobs in memory: one per queue and id waits, the earlier time wins. */
function createTestQueue(clock: {
  now(): number;
}): JobQueue & { take(): Job | undefined; nextAt(): number | undefined } {
  const waiting = new Map<string, { job: Job; startAt: number }>();
  return {
    async send(_trx, jobs, options) {
      for (const job of jobs) {
        const name = `${job.queue} ${job.queue === 'run' ? job.runId : job.approvalId}`;
        const startAt = Math.min(
          options?.startAt ?? clock.now(),
          waiting.get(name)?.startAt ?? Number.POSITIVE_INFINITY,
        );
        waiting.set(name, { job, startAt });
      }
    },
    take() {
      for (const [name, { job, startAt }] of waiting) {
        if (startAt > clock.now()) continue;
        waiting.delete(name);
        return job;
      }
      return undefined;
    },
    nextAt() {
      const times = [...waiting.values()].map(({ startAt }) => startAt);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}

type SeededTenant = Awaited<ReturnType<typeof seedTenant>>;

async function seedTenant(db: Db, name: string) {
  const [tenantId, workspaceId, sampleId, chatId] = [v7(), v7(), v7(), v7()];
  await db.insertInto('connector.tenants').values({ id: tenantId, name }).execute();
  await db
    .insertInto('connector.workspaces')
    .values({ id: workspaceId, tenant_id: tenantId, name: 'default' })
    .execute();
  for (const [id, connector] of [
    [sampleId, 'sample'],
    [chatId, 'chat'],
  ] as const) {
    await db
      .insertInto('connector.connections')
      .values({
        id,
        tenant_id: tenantId,
        workspace_id: workspaceId,
        name: connector,
        connector,
        config: '{}',
        auth: 'x',
      })
      .execute();
  }
  return { tenantId, workspaceId, sampleId, chatId };
}

async function seedRun(
  db: Db,
  tenant: SeededTenant,
  workflow: string,
  { data, receivedAt }: { readonly data: unknown; readonly receivedAt: number },
): Promise<string> {
  const [eventId, runId] = [v7(), v7()];
  const { tenantId: tenant_id, workspaceId: workspace_id } = tenant;
  await db
    .insertInto('connector.events')
    .values({
      id: eventId,
      tenant_id,
      workspace_id,
      connection_id: tenant.sampleId,
      trigger: 'sample.changed',
      event_key: eventId,
      data: JSON.stringify(data),
      received_at: new Date(receivedAt),
    })
    .execute();
  await db
    .insertInto('connector.runs')
    .values({ id: runId, tenant_id, workspace_id, workflow, event_id: eventId })
    .execute();
  return runId;
}
