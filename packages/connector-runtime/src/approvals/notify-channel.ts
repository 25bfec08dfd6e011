import {
  ActionError,
  type ApprovalDecision,
  type ApprovalProgress,
  type ApprovalRequest,
  isConnectorError,
} from '@org/connector-sdk';
import { sql } from 'kysely';
import { quorumOf } from '../types/approval-rule.ts';
import type { ChannelTarget } from '../types/connector-calls.ts';
import { idempotencyKey } from '../types/idempotency-key.ts';
import { type Approval, type ApprovalPlace, auditOf, placesOf } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { findApproval, listVotes } from './postgres-approval-store.ts';
import { tallyVotes } from './tally.ts';

type Posted = ApprovalPlace & { readonly ref: NonNullable<ApprovalPlace['ref']> };

/** Posts the question where people are. Repeated after a crash, it carries the same key, by which the channel knows it again. */
export async function sendRequest(approvalId: string, ports: ApprovalPorts): Promise<void> {
  const approval = await findApproval(ports.db, approvalId);
  if (approval === undefined || approval.status !== 'requested') return;
  await inEachPlace(placesOf(approval), async (place) => {
    if (place.ref === null) await post(approval, place, ports);
  });
}

async function post(approval: Approval, place: ApprovalPlace, { db, calls, audit, jobs }: ApprovalPorts) {
  const isFirst = place === approval;
  const target = channelOf(approval, place, isFirst ? 'request' : 'request-escalated');
  const ref = JSON.stringify(await calls.requestApproval(target, requestAt(approval, place)));
  const details = isFirst ? {} : { rule: place.rule };
  const entry = audit.append(auditOf(approval, 'approval.sent', 'system', details));
  await db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ status: string; voted: boolean }>`
      with sent as (
        ${
          isFirst
            ? sql`update connector.approvals set ref = ${ref}::json
                where id = ${approval.id} and tenant_id = ${approval.tenantId} and ref is null returning id`
            : sql`update connector.approval_escalations set ref = ${ref}::json
                where approval_id = ${approval.id} and tenant_id = ${approval.tenantId} and ref is null
                returning approval_id as id`
        }
      )
      select a.status, exists (select from connector.approval_decisions d where d.approval_id = a.id) as voted,
        ${entry} as seq
      from sent join connector.approvals a on a.id = sent.id`.execute(trx);
    // Somebody answered elsewhere while it was being posted: the update found no message then.
    if (rows[0] !== undefined && (rows[0].status !== 'requested' || rows[0].voted)) {
      await jobs.send(trx, [{ queue: 'approval-update', approvalId: approval.id }]);
    }
  });
}

/**
 * Redraws the question, wherever it was posted: with its decision, or with how many have approved. By the stored ref: a click's own
 * reply address is dead after half an hour.
 */
export async function sendUpdate(approvalId: string, ports: ApprovalPorts): Promise<void> {
  const { db, calls, audit } = ports;
  const approval = await findApproval(db, approvalId);
  if (approval === undefined) return;
  await inEachPlace(placesOf(approval), async (place) => {
    if (!isPosted(place)) return;
    if (approval.status === 'requested') return redraw(approval, place, ports);
    const decision = await decisionOf(approval, approval.status, ports);
    const updating = calls.updateApproval(channelOf(approval, place, 'update'), place.ref, {
      ...decision,
      request: requestAt(approval, place),
    });
    const code = await refusalOfChannel(updating);
    // The message is gone, say. The decision stands; nobody is served by asking the channel again for years.
    const [kind, details] =
      code === undefined ? ['updated', { decision: approval.status }] : ['update_failed', { code }];
    await audit.record(auditOf(approval, `approval.${kind}`, 'system', details));
  });
}

async function redraw(approval: Approval, place: Posted, ports: ApprovalPorts): Promise<void> {
  const progress = await progressOf(approval, place, ports);
  if (progress.approvedBy.length === 0) return;
  const purpose = `progress-${progress.approvedBy.length}`;
  const drawing = ports.calls.progressApproval(channelOf(approval, place, purpose), place.ref, progress);
  const code = await refusalOfChannel(drawing);
  if (code !== undefined) await ports.audit.record(auditOf(approval, 'approval.update_failed', 'system', { code }));
}

/** Says again, beside the message, that somebody is waited for. */
export async function remind(approval: Approval, ports: ApprovalPorts): Promise<void> {
  await inEachPlace(placesOf(approval), async (place) => {
    if (!isPosted(place)) return;
    const progress = await progressOf(approval, place, ports);
    const target = channelOf(approval, place, `reminder-${approval.reminders + 1}`);
    try {
      await ports.calls.remindApproval(target, place.ref, progress);
    } catch (error) {
      // It has been counted: the next one comes in its time.
      if (!isConnectorError(error)) throw error;
      await ports.audit.record(auditOf(approval, 'approval.reminder_failed', 'system', { code: error.code }));
    }
  });
}

async function progressOf(approval: Approval, place: ApprovalPlace, ports: ApprovalPorts): Promise<ApprovalProgress> {
  const rule = await ports.rules(approval.workspaceId, place.rule);
  const needed = Math.max(place.needed, rule === undefined ? 1 : quorumOf(rule));
  const { approvedBy } = tallyVotes(await listVotes(ports.db, approval), [{ name: place.rule, needed }]);
  return { approvalId: approval.id, approvedBy: approvedBy[0] ?? [], needed, request: requestAt(approval, place) };
}

async function decisionOf(
  approval: Approval,
  decision: ApprovalDecision['decision'],
  { db, auditUrl }: ApprovalPorts,
): Promise<Omit<ApprovalDecision, 'request'>> {
  const votes = await listVotes(db, approval);
  return {
    approvalId: approval.id,
    decision,
    actor: approval.decidedBy ?? '',
    approvedBy: votes.filter((vote) => vote.decision === 'approved').map(({ actor }) => actor),
    decidedAt: new Date(approval.decidedAt ?? approval.expiresAt).toISOString(),
    auditUrl: auditUrl(approval.runId),
  };
}

function requestAt({ request }: Approval, { needed }: ApprovalPlace): ApprovalRequest {
  return { ...request, needed };
}

function isPosted(place: ApprovalPlace): place is Posted {
  return place.ref !== null;
}

/** Each place is tried, whatever becomes of the others; what failed for the moment is tried again with all of them. */
async function inEachPlace(
  places: readonly ApprovalPlace[],
  work: (place: ApprovalPlace) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(places.map(work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** The code with which the channel itself said no, and not for the moment; undefined when it did what it was asked. */
async function refusalOfChannel(call: Promise<void>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof ActionError && (error.kind === 'failed' || error.kind === 'refused')) return error.code;
    throw error;
  }
}

function channelOf(approval: Approval, place: ApprovalPlace, purpose: string): ChannelTarget {
  const { connectionId, connector, channel, target } = place;
  const key = idempotencyKey(approval.id, purpose);
  return { tenantId: approval.tenantId, connectionId, connector, channel, target, idempotencyKey: key };
}
