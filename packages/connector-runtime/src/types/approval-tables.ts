import type { ApprovalRef, ApprovalRequest } from '@org/connector-sdk';
import type { Generated } from 'kysely';
import type { ApprovalRule } from './approval-rule.ts';
import type { GeneratedTimestamp, Json, NullableJson, Timestamp } from './columns.ts';

/** The tables of the approval stage. */
export interface ApprovalTables {
  'connector.approvals': {
    id: string;
    tenant_id: string;
    workspace_id: string;
    run_id: string;
    step_key: string;
    /** Digests of the planned actions it covers. */
    digests: string[];
    request: Json<ApprovalRequest>;
    connection_id: string;
    connector: string;
    channel: string;
    target: Json<unknown>;
    approvers: string[];
    /** The name of the rule that it was asked under. */
    rule: Generated<string>;
    /** How many people had to approve when it was asked. */
    needed: Generated<number>;
    /** How many were sent. */
    reminders: Generated<number>;
    status: Generated<'requested' | 'approved' | 'denied' | 'expired' | 'cancelled'>;
    ref: NullableJson<ApprovalRef>;
    decided_by: string | null;
    decided_at: Timestamp | null;
    expires_at: Timestamp;
    created_at: GeneratedTimestamp;
  };
  /** Where it was asked in addition, after a time. */
  'connector.approval_escalations': {
    approval_id: string;
    tenant_id: string;
    rule: string;
    needed: number;
    connection_id: string;
    connector: string;
    channel: string;
    target: Json<unknown>;
    ref: NullableJson<ApprovalRef>;
    escalated_at: Timestamp;
  };
  /** One person's word on a question. */
  'connector.approval_decisions': {
    approval_id: string;
    /** One name for all that the person is known by. */
    person: string;
    tenant_id: string;
    actor: string;
    decision: 'approved' | 'denied';
    via: string;
    /** The rules under which it counted when it was given. */
    rules: string[];
    decided_at: Timestamp;
  };
  'connector.approval_rules': { tenant_id: string; workspace_id: string; name: string; rule: Json<ApprovalRule> };
}
