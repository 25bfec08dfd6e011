import type { ApprovalRequest } from '@org/connector-sdk';
import { sql, type Transaction } from 'kysely';
import { v7 } from 'uuid';
import type { ApprovalAsk, AskedApproval } from '../types/approval.ts';
import { type ApprovalRule, DEFAULT_RULE, quorumOf } from '../types/approval-rule.ts';
import type { Database } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Run } from '../types/run.ts';
import { type Approval, auditOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { cancelApproval } from './cancel-approval.ts';
import { factsOf } from './facts.ts';
import { scheduleFollowUp } from './follow-up.ts';
import { findCurrent } from './postgres-approval-store.ts';

/**
 * Asks people, once per step: asked again, the same question is the same one. What would run having changed since (another
 * artifact), the old question is cancelled and a new one is asked. Row, waiting step, audit and jobs are one transaction.
 *
 * @throws RuntimeError `APPROVAL_RULE_MISSING` | `RUN_FENCED`
 */
export async function requestApproval(ask: ApprovalAsk, ports: ApprovalPorts): Promise<AskedApproval> {
  const { run, step } = ask;
  const name = ask.rule ?? DEFAULT_RULE;
  const rule = await ports.rules(run.workspaceId, name);
  const digests = ask.actions.map(({ planned }) => planned.digest);
  return ports.db.transaction().execute(async (trx) => {
    await lockRun(trx, run);
    const current = await findCurrent(trx, run.id, step.key);
    if (current !== undefined) {
      if (answers(current, { digests, rule: name, kind: step.kind })) return asked(current);
      if (current.status === 'requested') await cancelApproval(trx, current, 'APPROVAL_CHANGED', ports);
    }
    if (rule === undefined) {
      // Under a name, asking anybody else instead would let them decide what policy gives to these.
      throw new RuntimeError(
        'APPROVAL_RULE_MISSING',
        ask.rule === undefined
          ? `${step.key} needs a person, but workspace ${run.workspaceId} has no approval rule: set one`
          : `${step.key} needs the approval rule "${name}", and workspace ${run.workspaceId} has none of that name: set it`,
      );
    }
    return insert(trx, ask, digests, rule, ports);
  });
}

/**
 * "No" to a step is "no", whatever has changed since; "yes", or no answer so far, hold for what was shown and under the rule of
 * those who were asked. An approval step is over with its first answer: a changed action then asks for itself.
 */
function answers(
  current: Approval,
  { digests, rule, kind }: { digests: readonly string[]; rule: string; kind: ApprovalAsk['step']['kind'] },
): boolean {
  if (current.status === 'denied' || current.status === 'expired') return true;
  if (current.status === 'approved' && kind === 'approval') return true;
  const same =
    current.digests.length === digests.length && digests.every((digest, at) => digest === current.digests[at]);
  return same && current.rule === rule && current.status !== 'cancelled';
}

/** With the rule that people were asked under, whatever is asked for now: their word is theirs. */
function asked({ id, status, digests, decidedBy, request, rule }: Approval): AskedApproval {
  if (status === 'cancelled') throw new TypeError('a cancelled approval answers nothing');
  return { approvalId: id, status, digests, actor: decidedBy, auditUrl: request.auditUrl, rule };
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
  const requestedAt = clock.now();
  const expiresAt = new Date(requestedAt + rule.expiresInSeconds * 1000);
  const name = ask.rule ?? DEFAULT_RULE;
  const needed = quorumOf(rule);
  const request = requestOf(ask, { approvalId: id, expiresAt, needed, auditUrl: auditUrl(run.id) });
  const stepKey = await questionKey(trx, run, step.key);
  const { requestedBy } = request;
  const entry = audit.append(
    auditOf({ id, tenantId: run.tenantId, runId: run.id, stepKey }, 'approval.requested', `workflow:${run.workflow}`, {
      actions: ask.actions.map(({ planned }) => planned.action),
      digests,
      requestedBy,
      rule: name,
      needed,
      approvers: rule.approvers,
      ...(rule.groups === undefined ? {} : { groups: rule.groups }),
      channel: `${rule.connector}.${rule.channel}`,
      expiresAt: request.expiresAt,
    }),
  );
  await sql`
    with approval as (
      insert into connector.approvals (id, tenant_id, workspace_id, run_id, step_key, digests, request, connection_id,
        connector, channel, target, approvers, rule, needed, expires_at, created_at)
      values (${id}, ${run.tenantId}, ${run.workspaceId}, ${run.id}, ${stepKey}, ${digests}::text[],
        ${JSON.stringify(request)}::json, ${rule.connectionId}, ${rule.connector}, ${rule.channel},
        ${JSON.stringify(rule.target)}::json, ${rule.approvers}::text[], ${name}, ${needed}, ${expiresAt},
        ${new Date(requestedAt)})
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
  await scheduleFollowUp(trx, { id, requestedAt, reminders: 0, escalation: null }, rule, jobs);
  return {
    approvalId: id,
    status: 'requested',
    digests,
    actor: null,
    auditUrl: request.auditUrl,
    rule: name,
  };
}

function requestOf(
  ask: ApprovalAsk,
  {
    approvalId,
    expiresAt,
    needed,
    auditUrl,
  }: { approvalId: string; expiresAt: Date; needed: number; auditUrl: string },
): ApprovalRequest {
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
    needed,
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
