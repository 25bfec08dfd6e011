import type { ApprovalRule } from '../types/database.ts';
import type { Approval } from './approval.ts';

/** Somebody's word on an approval. */
export interface Click {
  readonly tenantId: string;
  readonly approvalId: string;
  readonly decision: 'approved' | 'denied';
  /** A person within the vendor (`slack:T1/U1`), or `admin:<name>`. */
  readonly actor: string;
  /** How it arrived: through an approval channel's connection, or the admin API. */
  readonly via: { readonly connectionId?: string; readonly admin?: boolean };
}

export type ClickRefusal = 'APPROVAL_UNKNOWN' | 'APPROVAL_ACTOR_NOT_ALLOWED' | 'APPROVAL_EXPIRED';

/** Why a click does not count; undefined when it does. Decided by the rule as it is at the click, not as it was at the question. */
export function refusalOf(
  click: Click,
  approval: Approval | undefined,
  rule: ApprovalRule | undefined,
  now: number,
): ClickRefusal | undefined {
  if (approval === undefined || approval.tenantId !== click.tenantId) return 'APPROVAL_UNKNOWN';
  if (click.via.admin !== true && click.via.connectionId !== approval.connectionId) return 'APPROVAL_UNKNOWN';
  // An empty list, or no rule any more, is nobody.
  if (rule === undefined || !rule.approvers.includes(click.actor)) return 'APPROVAL_ACTOR_NOT_ALLOWED';
  if (click.actor === approval.request.requestedBy) return 'APPROVAL_ACTOR_NOT_ALLOWED';
  if (approval.status === 'expired') return 'APPROVAL_EXPIRED';
  if (approval.status === 'requested' && approval.expiresAt <= now) return 'APPROVAL_EXPIRED';
  return undefined;
}
