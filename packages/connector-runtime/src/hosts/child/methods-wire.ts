import type {
  ApprovalDecision,
  ApprovalProgress,
  ApprovalRef,
  ApprovalRequest,
  Authentication,
  ParsedDecision,
  Resolution,
} from '@org/connector-sdk';
import type { WireDelivery } from './wire.ts';

interface ActionParams {
  readonly action: string;
  readonly input: unknown;
  readonly config: unknown;
  readonly idempotencyKey: string;
  readonly attempt: number;
}

interface ChannelParams {
  readonly channel: string;
  readonly config: unknown;
  readonly target: unknown;
  readonly idempotencyKey: string;
}

/** Everything a host can be asked. Answers come from connector code: check them before use. */
export interface HostMethods {
  'run-action': { params: ActionParams; answer: unknown };
  'resolve-action': { params: ActionParams; answer: Resolution<unknown> };
  'parse-delivery': {
    params: { readonly trigger: string; readonly delivery: WireDelivery };
    answer: readonly { readonly eventKey: string; readonly data: unknown }[];
  };
  'poll-trigger': {
    params: { readonly trigger: string; readonly config: unknown; readonly cursor: string | null };
    answer: {
      readonly events: readonly { readonly eventKey: string; readonly data: unknown; readonly occurredAt?: string }[];
      readonly cursor: string;
      readonly more: boolean;
    };
  };
  'parse-decision': {
    params: { readonly channel: string; readonly delivery: WireDelivery };
    answer: ParsedDecision | null;
  };
  'request-approval': { params: ChannelParams & { readonly approval: ApprovalRequest }; answer: ApprovalRef };
  'update-approval': {
    params: ChannelParams & { readonly ref: ApprovalRef; readonly decision: ApprovalDecision };
    answer: null;
  };
  'progress-approval': {
    params: ChannelParams & { readonly ref: ApprovalRef; readonly progress: ApprovalProgress };
    answer: null;
  };
  'remind-approval': {
    params: ChannelParams & { readonly ref: ApprovalRef; readonly progress: ApprovalProgress };
    answer: null;
  };
  'is-group-member': {
    params: { readonly channel: string; readonly config: unknown; readonly actor: string; readonly group: string };
    answer: boolean;
  };
  authenticate: {
    params: {
      readonly auth: string;
      readonly config: unknown;
      readonly secret: Readonly<Record<string, string>>;
      /** Milliseconds since 1970. */
      readonly now: number;
    };
    answer: Authentication;
  };
  'test-connection': { params: { readonly config: unknown }; answer: { readonly account: string } };
}

export type HostMethod = keyof HostMethods;
