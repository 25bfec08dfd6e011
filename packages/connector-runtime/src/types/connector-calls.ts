import type {
  ApprovalDecision,
  ApprovalProgress,
  ApprovalRef,
  ApprovalRequest,
  Manifest,
  ParsedDecision,
  Resolution,
} from '@org/connector-sdk';
import type { PendingDelivery } from './delivery.ts';
import type { Attempt, Outcome, StepError } from './run.ts';

/** One event that connector code read from a delivery, not yet stored. */
export interface ParsedEvent {
  readonly eventKey: string;
  readonly data: unknown;
}

/** A trigger of one connection, to be asked for what happened. */
export interface PollTarget {
  readonly tenantId: string;
  readonly connectionId: string;
  /** Full name: `servicenow.incident-changed`. */
  readonly trigger: string;
}

/** An event that polling found. */
export interface PolledEvent extends ParsedEvent {
  /** Milliseconds since 1970; undefined where the connector does not say. */
  readonly occurredAt?: number | undefined;
}

/** What became of asking for one page. */
export type PollOutcome =
  | {
      readonly status: 'read';
      readonly events: readonly PolledEvent[];
      readonly cursor: string;
      /** The next page should be read at once. */
      readonly more: boolean;
    }
  | {
      readonly status: 'failed';
      readonly error: StepError;
      /** How long the SaaS asked to be left alone. */
      readonly retryAfterMs?: number;
      /** It did not leave for want of budget: nothing is wrong. */
      readonly heldBack?: boolean;
    };

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
/** What is known of an attempt whose outcome was not seen. `retryAfterMs`: it could not be looked for just now. */
export type Lookup = Resolution<unknown> & { readonly retryAfterMs?: number };

export interface ConnectorCalls {
  /** Throws `CONNECTOR_NOT_ENABLED` or the artifact's refusal. */
  enabled(tenantId: string, connector: string): Promise<EnabledConnector>;
  run(attempt: Attempt, signal: AbortSignal): Promise<Outcome>;
  resolve(attempt: Attempt, signal: AbortSignal): Promise<Lookup>;
  /** Throws `DELIVERY_UNPARSABLE`. */
  parseDelivery(delivery: PendingDelivery): Promise<readonly ParsedEvent[]>;
  parseDecision(delivery: PendingDelivery): Promise<ParsedDecision | undefined>;
  requestApproval(channel: ChannelTarget, approval: ApprovalRequest): Promise<ApprovalRef>;
  updateApproval(channel: ChannelTarget, ref: ApprovalRef, decision: ApprovalDecision): Promise<void>;
  /** Nothing where the channel does not show it. */
  progressApproval(channel: ChannelTarget, ref: ApprovalRef, progress: ApprovalProgress): Promise<void>;
  /** Nothing where the channel does not remind. */
  remindApproval(channel: ChannelTarget, ref: ApprovalRef, progress: ApprovalProgress): Promise<void>;
  /** Asks the channel whether somebody is in a group of its vendor. Throws `CHANNEL_GROUPS_UNKNOWN` for one that knows none. */
  isGroupMember(
    channel: Omit<ChannelTarget, 'target' | 'idempotencyKey'>,
    question: { readonly actor: string; readonly group: string },
  ): Promise<boolean>;
  /** One page of what happened behind the cursor. Never throws for what the connector or the SaaS did. */
  poll(target: PollTarget, cursor: string | undefined, signal: AbortSignal): Promise<PollOutcome>;
  testConnection(tenantId: string, connectionId: string): Promise<{ readonly account: string }>;
}
