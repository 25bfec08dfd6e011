import type { ApprovalRef, ApprovalRequest } from '@org/connector-sdk';
import type { AuditRecord } from '../types/audit.ts';

type ApprovalStatus = 'requested' | 'approved' | 'denied' | 'expired' | 'cancelled';

/** Where a question is asked, and under which rule. */
export interface ApprovalPlace {
  /** The rule's name. Who may decide is the rule of that name at the time of the click. */
  readonly rule: string;
  /** How many people had to approve under it when it was asked there. */
  readonly needed: number;
  readonly connectionId: string;
  readonly connector: string;
  readonly channel: string;
  readonly target: unknown;
  /** Where the question was posted; null until it is. */
  readonly ref: ApprovalRef | null;
}

/** A question to people, and what became of it. */
export interface Approval extends ApprovalPlace {
  readonly id: string;
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly runId: string;
  /** The step that waits; `@n` is added from the second question on. */
  readonly stepKey: string;
  /** What it binds: one planned digest per action shown. */
  readonly digests: readonly string[];
  readonly request: ApprovalRequest;
  /** Who was asked by name. */
  readonly approvers: readonly string[];
  /** Where it is asked in addition; null: nowhere (yet). */
  readonly escalation: ApprovalPlace | null;
  /** How many reminders were sent. */
  readonly reminders: number;
  readonly status: ApprovalStatus;
  /** Whose word closed it. */
  readonly decidedBy: string | null;
  /** Milliseconds since 1970; of a decision, an expiry or a cancellation. */
  readonly decidedAt: number | null;
  /** Milliseconds since 1970. */
  readonly requestedAt: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export function placesOf(approval: Approval): readonly ApprovalPlace[] {
  return approval.escalation === null ? [approval] : [approval, approval.escalation];
}

export function auditOf(
  approval: Pick<Approval, 'id' | 'tenantId' | 'runId' | 'stepKey'>,
  kind: string,
  actor: string,
  details: Readonly<Record<string, unknown>> = {},
): AuditRecord {
  const { id, tenantId, runId, stepKey } = approval;
  return { tenantId, runId, kind, actor, subject: id, details: { step: stepKey, ...details } };
}
