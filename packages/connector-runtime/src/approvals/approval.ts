import type { ApprovalRef, ApprovalRequest } from '@org/connector-sdk';
import type { AuditRecord } from '../types/audit.ts';

type ApprovalStatus = 'requested' | 'approved' | 'denied' | 'expired' | 'cancelled';

/** A question to people, and what became of it. */
export interface Approval {
  readonly id: string;
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly runId: string;
  /** The step that waits; `@n` is added from the second question on. */
  readonly stepKey: string;
  /** What it binds: one planned digest per action shown. */
  readonly digests: readonly string[];
  readonly request: ApprovalRequest;
  readonly connectionId: string;
  readonly connector: string;
  readonly channel: string;
  readonly target: unknown;
  /** Who was asked. Who may decide is the workspace's rule at the time of the click. */
  readonly approvers: readonly string[];
  readonly status: ApprovalStatus;
  /** Where the question was posted; null until it is. */
  readonly ref: ApprovalRef | null;
  readonly decidedBy: string | null;
  /** Milliseconds since 1970; of a decision, an expiry or a cancellation. */
  readonly decidedAt: number | null;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
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
