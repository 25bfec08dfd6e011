import { sql } from 'kysely';
import { type Approval, auditOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { findApproval } from './postgres-approval-store.ts';
import { type Click, type ClickRefusal, refusalOf } from './refusal.ts';

export type Decided =
  | { readonly status: 'decided'; readonly runId: string }
  | { readonly status: 'already-decided'; readonly code: 'APPROVAL_ALREADY_DECIDED' }
  | { readonly status: 'refused'; readonly code: ClickRefusal };

/** Of any number of clicks at once, on any nodes, one decides. Refused ones are audited; repeated ones are nothing. */
export async function decideApproval(click: Click, ports: ApprovalPorts): Promise<Decided> {
  const { db, audit, clock, rules } = ports;
  const approval = await findApproval(db, click.approvalId, click.tenantId);
  const rule = approval && (await rules(approval.workspaceId));
  const code = refusalOf(click, approval, rule, clock.now());
  if (approval === undefined || code !== undefined) return refuse(click, approval, code ?? 'APPROVAL_UNKNOWN', audit);
  if (approval.status === 'requested' && (await decide(approval, click, ports))) {
    return { status: 'decided', runId: approval.runId };
  }
  return { status: 'already-decided', code: 'APPROVAL_ALREADY_DECIDED' };
}

async function refuse(
  click: Click,
  approval: Approval | undefined,
  code: ClickRefusal,
  audit: ApprovalPorts['audit'],
): Promise<Decided> {
  const { tenantId, approvalId, actor, decision } = click;
  const runId = approval?.runId;
  await audit.record({
    tenantId,
    ...(runId === undefined ? {} : { runId }),
    kind: 'approval.refused',
    actor,
    subject: approvalId.slice(0, 100),
    details: { code, decision },
  });
  return { status: 'refused', code };
}

/** One compare-and-set with its audit; the step, the run's job and the channel's update commit with it. */
async function decide(approval: Approval, click: Click, { db, audit, jobs, clock }: ApprovalPorts): Promise<boolean> {
  const { decision, actor } = click;
  const now = new Date(clock.now());
  const approved = decision === 'approved';
  const error = { code: 'APPROVAL_DENIED', message: `${approval.request.title}: denied by ${actor}` };
  const via = click.via.admin === true ? 'admin' : `${approval.connector}.${approval.channel}`;
  const entry = audit.append(
    auditOf(approval, 'approval.decided', actor, { decision, via, digests: approval.digests }),
  );
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql`
      with decided as (
        update connector.approvals set status = ${decision}, decided_by = ${actor}, decided_at = ${now}
        where id = ${approval.id} and tenant_id = ${approval.tenantId} and status = 'requested' and expires_at > ${now}
          -- Nothing would happen on a "yes" to a run that is over; one that diverged may be resumed.
          and exists (select from connector.runs r
            where r.id = run_id and r.status in ('queued', 'running', 'waiting', 'diverged'))
        returning id, run_id
      ), step as (
        update connector.run_steps s set status = ${approved ? 'succeeded' : 'denied'},
          output = ${approved ? JSON.stringify({ decision, actor, auditUrl: approval.request.auditUrl }) : null}::json,
          error = ${approved ? null : JSON.stringify(error)}::json, finished_at = ${now}
        from decided d
        where s.run_id = d.run_id and s.approval_id = d.id and s.kind = 'approval' and s.status = 'waiting'
      )
      select ${entry} as seq from decided`.execute(trx);
    if (rows.length === 0) return false;
    await jobs.send(trx, [
      { queue: 'run', runId: approval.runId },
      { queue: 'approval-update', approvalId: approval.id },
    ]);
    return true;
  });
}
