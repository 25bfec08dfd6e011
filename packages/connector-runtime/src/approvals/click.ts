import { type Approval, placesOf } from './approval.ts';

/** Somebody's word on an approval. */
export interface Click {
  readonly tenantId: string;
  readonly approvalId: string;
  readonly decision: 'approved' | 'denied';
  /** A person within the vendor (`slack:T1/U1`), or whose token it was (`admin:<name>`, `token:<name>`). */
  readonly actor: string;
  /** How it arrived: through an approval channel's connection, or the admin API. */
  readonly via: { readonly connectionId?: string; readonly admin?: boolean };
}

export type ClickRefusal =
  | 'APPROVAL_UNKNOWN'
  | 'APPROVAL_ACTOR_NOT_ALLOWED'
  | 'APPROVAL_GROUP_UNREADABLE'
  | 'APPROVAL_EXPIRED';

/** What came of a click. */
export type Decided =
  | { readonly status: 'decided'; readonly runId: string }
  /** It counts, and more people are needed. */
  | { readonly status: 'counted'; readonly approved: number; readonly needed: number }
  | { readonly status: 'already-counted'; readonly code: 'APPROVAL_ALREADY_COUNTED' }
  /** `was`: what became of the question before. */
  | { readonly status: 'already-decided'; readonly code: 'APPROVAL_ALREADY_DECIDED'; readonly was: string }
  | { readonly status: 'refused'; readonly code: ClickRefusal };

/** Through what a click came, as the audit says it; undefined for one that came from where this was not asked. */
export function viaOf({ tenantId, via }: Click, approval: Approval): string | undefined {
  if (approval.tenantId !== tenantId) return undefined;
  if (via.admin === true) return 'admin';
  const place = placesOf(approval).find(({ connectionId }) => connectionId === via.connectionId);
  return place && `${place.connector}.${place.channel}`;
}

export function hasExpired({ status, expiresAt }: Approval, now: number): boolean {
  return status === 'expired' || (status === 'requested' && expiresAt <= now);
}
