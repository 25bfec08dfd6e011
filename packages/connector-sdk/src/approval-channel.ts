import type { Deprecation } from './deprecation.ts';
import type { CallContext } from './http.ts';
import type { InferOutput, Schema } from './schema.ts';
import type { Delivery, WebhookReception } from './trigger.ts';

/** One write that waits for a person, as it will run if approved. */
export interface ProposedAction {
  /** For example `servicenow.update-assignment`. */
  readonly action: string;
  readonly title: string;
  readonly risk: string;
  /** What will be sent, as a list of short `name: value` facts. Text from outside: escape it. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
}

/** What a person is asked. Text in it may come from outside: a channel escapes it for its own markup. */
export interface ApprovalRequest {
  readonly approvalId: string;
  readonly title: string;
  readonly reason: string;
  readonly requestedBy: string;
  readonly context: readonly { readonly name: string; readonly value: string; readonly url?: string }[];
  readonly actions: readonly ProposedAction[];
  /** How many people have to approve; one when left out. */
  readonly needed?: number;
  /** ISO 8601. */
  readonly expiresAt: string;
  /** Where the run and its audit entries can be seen. */
  readonly auditUrl: string;
}

export interface ApprovalDecision {
  readonly approvalId: string;
  readonly decision: 'approved' | 'denied' | 'expired' | 'cancelled';
  /** Who decided, for people to read; empty when nobody did. */
  readonly actor: string;
  /** Everybody whose "yes" was counted, in their order. */
  readonly approvedBy?: readonly string[];
  /** ISO 8601. */
  readonly decidedAt: string;
  readonly auditUrl: string;
  /** What the request showed: channels redraw their message from it. */
  readonly request: ApprovalRequest;
}

/** Where a question stands that is still open. */
export interface ApprovalProgress {
  readonly approvalId: string;
  /** Whose "yes" counts so far, in their order, as the channel names people. */
  readonly approvedBy: readonly string[];
  /** How many people have to approve. */
  readonly needed: number;
  /** What the request showed. */
  readonly request: ApprovalRequest;
}

/** Groups of people that a vendor keeps: approvers may be named by them. */
export interface ApprovalGroups<Config, Scope extends string> {
  /** Beyond the channel's own; needed where a rule names a group. */
  readonly scopes: readonly Scope[];
  /**
   * Whether a person is in a group now, both as the channel names them. Called when they click; false for who or what is not of
   * this channel. Throw where it can't be said: nobody is let in then.
   */
  isMember(ctx: CallContext<Config>, question: { readonly actor: string; readonly group: string }): Promise<boolean>;
}

/** A click, as the channel reads it from a verified delivery. `actor` names a person within the vendor: team and user. */
export interface ParsedDecision {
  readonly approvalId: string;
  readonly decision: 'approved' | 'denied';
  /** For example `slack:T0123/U0456`. What approver lists in policy name. */
  readonly actor: string;
}

export interface ChannelContext<Target, Config> extends CallContext<Config> {
  readonly target: Target;
  /** Stable over attempts of one request or update: leave it where a repeat can be recognised. */
  readonly idempotencyKey: string;
}

/** Where people are asked. `ref` is what the channel needs to find its message again; it is stored with the approval. */
export interface ApprovalChannel<T extends Schema = Schema, Config = never, Scope extends string = string> {
  readonly title: string;
  readonly description: string;
  readonly scopes: readonly Scope[];
  /** Where to ask, for example `{ channel }`. */
  readonly target: T;
  /** The connection's own: types `ctx.config`. */
  readonly config?: Schema<Config>;
  /** How clicks arrive. */
  readonly interaction: WebhookReception;
  request(ctx: ChannelContext<InferOutput<T>, Config>, approval: ApprovalRequest): Promise<ApprovalRef>;
  update(ctx: ChannelContext<InferOutput<T>, Config>, ref: ApprovalRef, decision: ApprovalDecision): Promise<void>;
  /** Shows how many have approved, where more than one person has to. */
  progress?(ctx: ChannelContext<InferOutput<T>, Config>, ref: ApprovalRef, progress: ApprovalProgress): Promise<void>;
  /** Says again that people are waited for. */
  remind?(ctx: ChannelContext<InferOutput<T>, Config>, ref: ApprovalRef, progress: ApprovalProgress): Promise<void>;
  readonly groups?: ApprovalGroups<Config, Scope>;
  /** Pure. Undefined for a delivery that is no decision. */
  parseDecision(delivery: Delivery): ParsedDecision | undefined;
  readonly deprecated?: Deprecation;
}

export type ApprovalRef = Readonly<Record<string, string>>;

/** A channel of any target and config. */
export interface AnyApprovalChannel<Scope extends string = string> {
  readonly title: string;
  readonly description: string;
  readonly scopes: readonly Scope[];
  readonly target: Schema;
  readonly interaction: WebhookReception;
  request(ctx: never, approval: ApprovalRequest): Promise<ApprovalRef>;
  update(ctx: never, ref: ApprovalRef, decision: ApprovalDecision): Promise<void>;
  progress?(ctx: never, ref: ApprovalRef, progress: ApprovalProgress): Promise<void>;
  remind?(ctx: never, ref: ApprovalRef, progress: ApprovalProgress): Promise<void>;
  readonly groups?: {
    readonly scopes: readonly Scope[];
    isMember(ctx: never, question: { readonly actor: string; readonly group: string }): Promise<boolean>;
  };
  parseDecision(delivery: Delivery): ParsedDecision | undefined;
  readonly deprecated?: Deprecation;
}

export function defineApprovalChannel<T extends Schema, Config, const Scope extends string>(
  channel: ApprovalChannel<T, Config, Scope>,
): ApprovalChannel<T, Config, Scope> {
  return channel;
}
