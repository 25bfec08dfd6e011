import type { ApprovalAsk, AskedApproval } from '../types/approval.ts';
import type { Approval } from './approval.ts';
import type { ApprovalPorts } from './approval-ports.ts';
import { cancelOpen } from './cancel-approval.ts';
import type { Click, Decided } from './click.ts';
import { decideApproval } from './decide-approval.ts';
import { expireApproval } from './expire-approval.ts';
import { followUp } from './follow-up.ts';
import { sendRequest, sendUpdate } from './notify-channel.ts';
import { findApproval, type Granted, listApprovals, listGranted } from './postgres-approval-store.ts';
import { requestApproval } from './request-approval.ts';

export interface Approvals {
  /** @throws RuntimeError `APPROVAL_RULE_MISSING` | `RUN_FENCED` */
  request(ask: ApprovalAsk): Promise<AskedApproval>;
  /** Never throws for what a click says; rejects only when the database does. */
  decide(click: Click): Promise<Decided>;
  /** The job `approval-request`. */
  sendRequest(approvalId: string): Promise<void>;
  /** The job `approval-update`. */
  sendUpdate(approvalId: string): Promise<void>;
  /** The job `approval-expiry`. */
  expire(approvalId: string): Promise<void>;
  /** The job `approval-follow-up`: reminders, and a second place to ask in. */
  followUp(approvalId: string): Promise<void>;
  /** Takes back what a finished run still asks. */
  cancelOpen(run: { readonly id: string; readonly tenantId: string }): Promise<void>;
  get(tenantId: string, approvalId: string): Promise<Approval | undefined>;
  /** Newest first. */
  list(tenantId: string, limit?: number): Promise<readonly Approval[]>;
  granted(run: { readonly id: string; readonly tenantId: string }): Promise<readonly Granted[]>;
}

/** People's agreement to writes: bound to the digest of what will run, decided once. */
export function createApprovals(ports: ApprovalPorts): Approvals {
  const { db } = ports;
  return {
    request: (ask) => requestApproval(ask, ports),
    decide: (click) => decideApproval(click, ports),
    sendRequest: (approvalId) => sendRequest(approvalId, ports),
    sendUpdate: (approvalId) => sendUpdate(approvalId, ports),
    expire: (approvalId) => expireApproval(approvalId, ports),
    followUp: (approvalId) => followUp(approvalId, ports),
    cancelOpen: (run) => cancelOpen(run, ports),
    get: (tenantId, approvalId) => findApproval(db, approvalId, tenantId),
    list: (tenantId, limit = 100) => listApprovals(db, tenantId, limit),
    granted: (run) => listGranted(db, run),
  };
}
