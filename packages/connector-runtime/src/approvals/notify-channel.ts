import { ActionError, type ApprovalDecision } from '@org/connector-sdk';
import { sql } from 'kysely';
import type { ChannelTarget } from '../types/connector-calls.ts';
import { idempotencyKey } from '../types/idempotency-key.ts';
import { type Approval, auditOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { findApproval } from './postgres-approval-store.ts';

/** Posts the question where people are. Repeated after a crash, it carries the same key, by which the channel knows it again. */
export async function sendRequest(approvalId: string, { db, calls, audit, jobs }: ApprovalPorts): Promise<void> {
  const approval = await findApproval(db, approvalId);
  if (approval === undefined || approval.status !== 'requested' || approval.ref !== null) return;
  const ref = await calls.requestApproval(channelOf(approval, 'request'), approval.request);
  const entry = audit.append(auditOf(approval, 'approval.sent', 'system'));
  await db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ status: string }>`
      with sent as (
        update connector.approvals set ref = ${JSON.stringify(ref)}::json
        where id = ${approval.id} and tenant_id = ${approval.tenantId} and ref is null
        returning status
      )
      select status, ${entry} as seq from sent`.execute(trx);
    // Decided elsewhere while it was being posted: the update found no message then.
    if (rows[0] !== undefined && rows[0].status !== 'requested') {
      await jobs.send(trx, [{ queue: 'approval-update', approvalId }]);
    }
  });
}

/** Redraws the question with its decision. By the stored ref: a click's own reply address is dead after half an hour. */
export async function sendUpdate(approvalId: string, { db, calls, audit, auditUrl }: ApprovalPorts): Promise<void> {
  const approval = await findApproval(db, approvalId);
  if (approval === undefined || approval.status === 'requested' || approval.ref === null) return;
  const { ref } = approval;
  const decision: ApprovalDecision = {
    approvalId,
    decision: approval.status,
    actor: approval.decidedBy ?? '',
    decidedAt: new Date(approval.decidedAt ?? approval.expiresAt).toISOString(),
    auditUrl: auditUrl(approval.runId),
    request: approval.request,
  };
  try {
    await calls.updateApproval(channelOf(approval, 'update'), ref, decision);
  } catch (error) {
    if (!isFinal(error)) throw error;
    // The message is gone, say. The decision stands; nobody is served by asking the channel again for years.
    await audit.record(auditOf(approval, 'approval.update_failed', 'system', { code: error.code }));
    return;
  }
  await audit.record(auditOf(approval, 'approval.updated', 'system', { decision: approval.status }));
}

/** The channel itself said no, and not for the moment. */
function isFinal(error: unknown): error is ActionError {
  return error instanceof ActionError && (error.kind === 'failed' || error.kind === 'refused');
}

function channelOf(approval: Approval, purpose: 'request' | 'update'): ChannelTarget {
  const { id, tenantId, connectionId, connector, channel, target } = approval;
  return { tenantId, connectionId, connector, channel, target, idempotencyKey: idempotencyKey(id, purpose) };
}
