import { sql } from 'kysely';
import { auditOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { findApproval } from './postgres-approval-store.ts';

/** Ends a question that nobody answered in time; the run goes on with `APPROVAL_EXPIRED`. */
export async function expireApproval(approvalId: string, { db, audit, jobs, clock }: ApprovalPorts): Promise<void> {
  const approval = await findApproval(db, approvalId);
  if (approval === undefined || approval.status !== 'requested') return;
  const now = new Date(clock.now());
  const error = { code: 'APPROVAL_EXPIRED', message: `${approval.request.title}: nobody decided in time` };
  const entry = audit.append(auditOf(approval, 'approval.expired', 'system'));
  await db.transaction().execute(async (trx) => {
    if (approval.expiresAt > now.getTime()) {
      await jobs.send(trx, [{ queue: 'approval-expiry', approvalId }], { startAt: approval.expiresAt });
      return;
    }
    const { rows } = await sql`
      with expired as (
        update connector.approvals set status = 'expired', decided_at = ${now}
        where id = ${approval.id} and tenant_id = ${approval.tenantId} and status = 'requested' and expires_at <= ${now}
        returning id, run_id
      ), step as (
        update connector.run_steps s set status = 'denied', error = ${JSON.stringify(error)}::json, finished_at = ${now}
        from expired e
        where s.run_id = e.run_id and s.approval_id = e.id and s.kind = 'approval' and s.status = 'waiting'
      )
      select ${entry} as seq from expired`.execute(trx);
    if (rows.length === 0) return;
    await jobs.send(trx, [
      { queue: 'run', runId: approval.runId },
      { queue: 'approval-update', approvalId },
    ]);
  });
}
