import { sql, type Transaction } from 'kysely';
import { type ApprovalRule, quorumOf } from '../types/approval-rule.ts';
import type { Database } from '../types/database.ts';
import type { JobQueue } from '../types/jobs.ts';
import { type Approval, auditOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { remind } from './notify-channel.ts';
import { findApproval } from './postgres-approval-store.ts';

type Followed = Pick<Approval, 'id' | 'requestedAt' | 'reminders' | 'escalation'>;

/** Reminds and escalates what is still open, by the rule as it is now, and says when to look again. */
export async function followUp(approvalId: string, ports: ApprovalPorts): Promise<void> {
  const { db, clock, jobs } = ports;
  const approval = await findApproval(db, approvalId);
  if (approval === undefined || approval.status !== 'requested') return;
  const rule = await ports.rules(approval.workspaceId, approval.rule);
  if (rule === undefined) return;
  const { reminderAt, escalationAt } = dueTimes(approval, rule);
  if (escalationAt !== undefined && escalationAt <= clock.now()) await escalate(approval, rule, ports);
  if (reminderAt !== undefined && reminderAt <= clock.now() && (await countReminder(approval, ports))) {
    await remind(approval, ports);
  }
  const now = await findApproval(db, approvalId);
  if (now === undefined || now.status !== 'requested') return;
  // A second place that there is no rule for is tried again with the next reminder only.
  const open = escalationAt !== undefined && escalationAt <= clock.now() ? { ...rule, escalation: undefined } : rule;
  await db.transaction().execute((trx) => scheduleFollowUp(trx, now, open, jobs));
}

/** The next time at which something is due; nothing is sent when nothing is. */
export async function scheduleFollowUp(
  trx: Transaction<Database>,
  approval: Followed,
  rule: ApprovalRule,
  jobs: JobQueue,
): Promise<void> {
  const { reminderAt, escalationAt } = dueTimes(approval, rule);
  const times = [reminderAt, escalationAt].filter((time) => time !== undefined);
  if (times.length === 0) return;
  await jobs.send(trx, [{ queue: 'approval-follow-up', approvalId: approval.id }], { startAt: Math.min(...times) });
}

function dueTimes(
  { requestedAt, reminders: sent, escalation }: Followed,
  rule: ApprovalRule,
): { readonly reminderAt: number | undefined; readonly escalationAt: number | undefined } {
  const { reminders } = rule;
  const remindsAgain = reminders !== undefined && sent < reminders.times;
  return {
    reminderAt: remindsAgain ? requestedAt + (sent + 1) * reminders.afterSeconds * 1000 : undefined,
    escalationAt:
      rule.escalation === undefined || escalation !== null
        ? undefined
        : requestedAt + rule.escalation.afterSeconds * 1000,
  };
}

/**
 * Counted before it is sent: a node that dies in between loses one reminder, and nobody is reminded twice. After a standstill
 * the ones that were missed are one.
 */
async function countReminder(approval: Approval, { db, clock, audit, rules }: ApprovalPorts): Promise<boolean> {
  const rule = await rules(approval.workspaceId, approval.rule);
  if (rule?.reminders === undefined) return false;
  const { afterSeconds, times } = rule.reminders;
  const missed = Math.floor((clock.now() - approval.requestedAt) / (afterSeconds * 1000));
  const count = Math.max(approval.reminders + 1, Math.min(times, missed));
  const entry = audit.append(auditOf(approval, 'approval.reminded', 'system', { count }));
  const { rows } = await sql`
    with counted as (
      update connector.approvals set reminders = ${count}
      where id = ${approval.id} and tenant_id = ${approval.tenantId} and status = 'requested'
        and reminders = ${approval.reminders}
      returning id
    )
    select ${entry} as seq from counted`.execute(db);
  return rows.length === 1;
}

/** Asks in a second place, of the people of a second rule. The first ones may still answer. */
async function escalate(approval: Approval, { escalation }: ApprovalRule, ports: ApprovalPorts): Promise<void> {
  const { db, audit, jobs, clock, rules } = ports;
  const name = escalation?.rule;
  if (name === undefined) return;
  const rule = await rules(approval.workspaceId, name);
  if (rule === undefined) {
    const details = { rule: name, code: 'APPROVAL_RULE_MISSING' };
    await audit.record(auditOf(approval, 'approval.escalation_failed', 'system', details));
    return;
  }
  const { connectionId, connector, channel, approvers } = rule;
  const details = { rule: name, needed: quorumOf(rule), approvers, channel: `${connector}.${channel}` };
  const entry = audit.append(auditOf(approval, 'approval.escalated', 'system', details));
  await db.transaction().execute(async (trx) => {
    const { rows } = await sql`
      with open as (
        select id, tenant_id from connector.approvals
        where id = ${approval.id} and tenant_id = ${approval.tenantId} and status = 'requested' for update
      ), escalated as (
        insert into connector.approval_escalations (approval_id, tenant_id, rule, needed, connection_id, connector, channel,
          target, escalated_at)
        select id, tenant_id, ${name}, ${quorumOf(rule)}, ${connectionId}, ${connector}, ${channel},
          ${JSON.stringify(rule.target)}::json, ${new Date(clock.now())} from open
        on conflict (approval_id) do nothing
        returning approval_id
      )
      select ${entry} as seq from escalated`.execute(trx);
    if (rows.length === 1) await jobs.send(trx, [{ queue: 'approval-request', approvalId: approval.id }]);
  });
}
