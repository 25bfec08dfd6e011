import type { ApprovalRequest } from '@org/connector-sdk';
import { sql, type Transaction } from 'kysely';
import { v7 } from 'uuid';
import type { ApprovalAsk, AskedApproval } from '../types/approval.ts';
import type { ApprovalRule, Database } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Run } from '../types/run.ts';
import { type Approval, auditOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { cancelApproval } from './cancel-approval.ts';
import { factsOf } from './facts.ts';
import { findCurrent } from './postgres-approval-store.ts';

/**
 * Asks people, once per step: asked again, the same question is the same one. What would run having changed since (another
 * artifact), the old question is cancelled and a new one is asked. Row, waiting step, audit and jobs are one transaction.
 *
 * @throws RuntimeError `APPROVAL_RULE_MISSING` | `RUN_FENCED`
 */
export async function requestApproval(ask: ApprovalAsk, ports: ApprovalPorts): Promise<AskedApproval> {
  const { run, step } = ask;
  const rule = await ports.rules(run.workspaceId);
  const digests = ask.actions.map(({ planned }) => planned.digest);
  return ports.db.transaction().execute(async (trx) => {
    await lockRun(trx, run);
    const current = await findCurrent(trx, run.id, step.key);
    if (current !== undefined) {
      if (answers(current, digests, step.kind)) return asked(current);
      if (current.status === 'requested') await cancelApproval(trx, current, 'APPROVAL_CHANGED', ports);
    }
    if (ask.rule !== undefined) {
      // Asking anybody else instead would let them decide what policy gives to these.
      throw new RuntimeError(
        'APPROVAL_RULE_MISSING',
        `${step.key} needs the approval rule "${ask.rule}", and workspace ${run.workspaceId} has none of that name`,
      );
    }
    if (rule === undefined) {
      throw new RuntimeError(
        'APPROVAL_RULE_MISSING',
        `${step.key} needs a person, but workspace ${run.workspaceId} has no approval rule: set one`,
      );
    }
    return insert(trx, ask, digests, rule, ports);
  });
}

/**
 * "No" to a step is "no", whatever has changed since; "yes", or no answer so far, hold for what was shown. An approval step is
 * over with its first answer: a changed action then asks for itself.
 */
function answers(current: Approval, digests: readonly string[], kind: ApprovalAsk['step']['kind']): boolean {
  if (current.status === 'denied' || current.status === 'expired') return true;
  if (current.status === 'approved' && kind === 'approval') return true;
  const same =
    current.digests.length === digests.length && digests.every((digest, at) => digest === current.digests[at]);
  return same && current.status !== 'cancelled';
}

function asked({ id, status, digests, decidedBy, request }: Approval): AskedApproval {
  if (status === 'cancelled') throw new TypeError('a cancelled approval answers nothing');
  return { approvalId: id, status, digests, actor: decidedBy, auditUrl: request.auditUrl };
}

/** Only the run's current holder asks, and one at a time. */
async function lockRun(trx: Transaction<Database>, run: Run): Promise<void> {
  const row = await trx
    .selectFrom('connector.runs')
    .select('id')
    .where('id', '=', run.id)
    .where('tenant_id', '=', run.tenantId)
    .where('generation', '=', run.generation)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw new RuntimeError('RUN_FENCED', `run ${run.id} was taken over by another node`);
}

async function insert(
  trx: Transaction<Database>,
  ask: ApprovalAsk,
  digests: readonly string[],
  rule: ApprovalRule,
  { audit, jobs, clock, auditUrl }: ApprovalPorts,
): Promise<AskedApproval> {
  const { run, step } = ask;
  const id = v7();
  const expiresAt = new Date(clock.now() + rule.expiresInSeconds * 1000);
  const request = requestOf(ask, id, expiresAt, auditUrl(run.id));
  const stepKey = await questionKey(trx, run, step.key);
  const { requestedBy } = request;
  const entry = audit.append(
    auditOf({ id, tenantId: run.tenantId, runId: run.id, stepKey }, 'approval.requested', `workflow:${run.workflow}`, {
      actions: ask.actions.map(({ planned }) => planned.action),
      digests,
      requestedBy,
      approvers: rule.approvers,
      channel: `${rule.connector}.${rule.channel}`,
      expiresAt: request.expiresAt,
    }),
  );
  await sql`
    with approval as (
      insert into connector.approvals (id, tenant_id, workspace_id, run_id, step_key, digests, request, connection_id,
        connector, channel, target, approvers, expires_at)
      values (${id}, ${run.tenantId}, ${run.workspaceId}, ${run.id}, ${stepKey}, ${digests}::text[],
        ${JSON.stringify(request)}::json, ${rule.connectionId}, ${rule.connector}, ${rule.channel},
        ${JSON.stringify(rule.target)}::json, ${rule.approvers}::text[], ${expiresAt})
      returning id, run_id, tenant_id
    ), step as (
      insert into connector.run_steps as s (run_id, key, tenant_id, kind, action, connection_id, digest, input, status,
        idempotency_key, approval_id)
      select a.run_id, ${step.key}, a.tenant_id, ${step.kind}, ${step.action}::text, ${step.connectionId}::uuid,
        ${step.digest}, ${step.kind === 'action' ? JSON.stringify(step.input) : null}::json, 'waiting',
        ${step.idempotencyKey}, a.id
      from approval a
      on conflict (run_id, key) do update set status = 'waiting', approval_id = excluded.approval_id, due_at = null
      where s.status = 'waiting' or s.kind = 'action'
      returning s.key
    )
    select ${entry} as seq from approval`.execute(trx);
  await jobs.send(trx, [{ queue: 'approval-request', approvalId: id }]);
  await jobs.send(trx, [{ queue: 'approval-expiry', approvalId: id }], { startAt: expiresAt.getTime() });
  return { approvalId: id, status: 'requested', digests, actor: null, auditUrl: request.auditUrl };
}

function requestOf(ask: ApprovalAsk, approvalId: string, expiresAt: Date, auditUrl: string): ApprovalRequest {
  const { run, title, reason, requestedBy = `workflow:${run.workflow}`, context } = ask;
  return {
    approvalId,
    title,
    reason,
    requestedBy,
    context,
    actions: ask.actions.map((plan) => ({
      action: plan.planned.action,
      title: plan.planned.manifest.title,
      risk: plan.planned.manifest.risk,
      facts: factsOf(plan),
    })),
    expiresAt: expiresAt.toISOString(),
    auditUrl,
  };
}

/** One step may ask again; each question has a key of its own. The run is locked, so counting is safe. */
async function questionKey(trx: Transaction<Database>, run: Run, stepKey: string): Promise<string> {
  const { rows } = await sql<{ asked: number }>`
    select count(*)::int as asked from connector.approvals
    where run_id = ${run.id} and (step_key = ${stepKey} or starts_with(step_key, ${`${stepKey}@`}))`.execute(trx);
  const before = rows[0]?.asked ?? 0;
  return before === 0 ? stepKey : `${stepKey}@${before + 1}`;
}
