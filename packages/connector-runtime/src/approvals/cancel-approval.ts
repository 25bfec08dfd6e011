import { sql, type Transaction } from 'kysely';
import type { Database } from '../types/database.ts';
import { type Approval, auditOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { listOpen } from './postgres-approval-store.ts';

/** Takes a question back: what it was about has changed, or nothing waits for its answer any more. */
export async function cancelApproval(
  trx: Transaction<Database>,
  approval: Approval,
  code: 'APPROVAL_CHANGED' | 'RUN_FINISHED',
  { audit, clock, jobs }: ApprovalPorts,
): Promise<void> {
  const entry = audit.append(auditOf(approval, 'approval.cancelled', 'system', { code }));
  const { rows } = await sql`
    with cancelled as (
      update connector.approvals set status = 'cancelled', decided_at = ${new Date(clock.now())}
      where id = ${approval.id} and tenant_id = ${approval.tenantId} and status = 'requested' returning id
    )
    select ${entry} as seq from cancelled`.execute(trx);
  // Answered meanwhile: the answer stands, and is on its way to the channel already.
  if (rows.length === 0) return;
  await jobs.send(trx, [{ queue: 'approval-update', approvalId: approval.id }]);
}

/** After a run is over: its open questions say so, where people would otherwise still click. */
export async function cancelOpen(
  run: { readonly id: string; readonly tenantId: string },
  ports: ApprovalPorts,
): Promise<void> {
  for (const approval of await listOpen(ports.db, run)) {
    await ports.db.transaction().execute((trx) => cancelApproval(trx, approval, 'RUN_FINISHED', ports));
  }
}
