import type { ApprovalAsk, AskedApproval, Fact } from '../types/approval.ts';
import type { PlannedAction, Run, Step, StepError } from '../types/run.ts';
import type { Grant } from './grants.ts';

/** The write ledger, as runs use it. */
export interface ActionsPort {
  perform(
    request: {
      readonly run: Run;
      readonly stepKey: string;
      readonly stepDigest: string;
      readonly planned: PlannedAction;
      readonly existing?: Step | undefined;
      readonly approvalId?: string | undefined;
      readonly approvedUnder?: string | undefined;
      readonly facts?: readonly Fact[] | undefined;
      readonly requestedBy?: string | undefined;
    },
    signal: AbortSignal,
  ): Promise<
    | { readonly status: 'succeeded'; readonly output: unknown }
    | { readonly status: 'failed' | 'denied'; readonly error: StepError }
    | { readonly status: 'waiting'; readonly dueAt?: number }
  >;
}

/** People's decisions, as runs use them. */
export interface ApprovalsPort {
  request(ask: ApprovalAsk): Promise<AskedApproval>;
  /** The approvals of a run that people granted. */
  granted(run: Run): Promise<readonly Grant[]>;
  /** Takes back what a finished run still asks. */
  cancelOpen(run: Run): Promise<void>;
}
