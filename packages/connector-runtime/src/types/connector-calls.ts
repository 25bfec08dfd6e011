import type {
  ApprovalDecision,
  ApprovalRef,
  ApprovalRequest,
  Manifest,
  ParsedDecision,
  Resolution,
} from '@org/connector-sdk';
import type { PendingDelivery } from './delivery.ts';
import type { Attempt, Outcome } from './run.ts';

/** One event that connector code read from a delivery, not yet stored. */
export interface ParsedEvent {
  readonly eventKey: string;
  readonly data: unknown;
}

export interface ChannelTarget {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly connector: string;
  /** Key of the approval channel in the manifest. */
  readonly channel: string;
  readonly target: unknown;
  readonly idempotencyKey: string;
}

/** The enabled, verified artifact of a connector for one tenant. */
export interface EnabledConnector {
  readonly digest: string;
  readonly manifest: Manifest;
}

/** Everything the runtime asks of connector code. Each call runs isolated, with brokered http, and is bounded in time. */
export interface ConnectorCalls {
  /** Throws `CONNECTOR_NOT_ENABLED` or the artifact's refusal. */
  enabled(tenantId: string, connector: string): Promise<EnabledConnector>;
  run(attempt: Attempt, signal: AbortSignal): Promise<Outcome>;
  resolve(attempt: Attempt, signal: AbortSignal): Promise<Resolution<unknown>>;
  /** Throws `DELIVERY_UNPARSABLE`. */
  parseDelivery(delivery: PendingDelivery): Promise<readonly ParsedEvent[]>;
  parseDecision(delivery: PendingDelivery): Promise<ParsedDecision | undefined>;
  requestApproval(channel: ChannelTarget, approval: ApprovalRequest): Promise<ApprovalRef>;
  updateApproval(channel: ChannelTarget, ref: ApprovalRef, decision: ApprovalDecision): Promise<void>;
  testConnection(tenantId: string, connectionId: string): Promise<{ readonly account: string }>;
}
