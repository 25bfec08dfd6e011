import type { ConnectorCalls } from '../types/connector-calls.ts';

/** Which workflows start on a trigger, by name. */
export interface WorkflowDirectory {
  startedBy(tenantId: string, trigger: string): readonly string[] | Promise<readonly string[]>;
}

/** A person's click, to be decided on. */
export interface ClickedDecision {
  readonly approvalId: string;
  readonly decision: 'approved' | 'denied';
  readonly actor: string;
  readonly tenantId: string;
  readonly via: { readonly connectionId: string };
}

export interface ApprovalDecider {
  /** Deciding twice is harmless: the second time it is `already-decided`. */
  decide(click: ClickedDecision): Promise<{ readonly status: string; readonly code?: string }>;
}

export type DeliveryReader = Pick<ConnectorCalls, 'parseDelivery' | 'parseDecision'>;
