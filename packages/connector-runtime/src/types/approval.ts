import type { PlannedAction, Run } from './run.ts';

/** One short line about an action, for the person who decides. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** A plan as a person is shown it. Facts are displayed and stored, not bound: the digest binds the plan itself. */
export interface ProposedPlan {
  readonly planned: PlannedAction;
  readonly facts?: readonly Fact[];
}

/** A run that asks for people's agreement at one of its steps. */
export interface ApprovalAsk {
  readonly run: Run;
  /** The step that waits: an approval, or an action that policy allows only when approved. */
  readonly step: {
    readonly key: string;
    readonly kind: 'action' | 'approval';
    readonly digest: string;
    readonly action: string | null;
    readonly connectionId: string | null;
    readonly input: unknown;
    readonly idempotencyKey: string;
  };
  readonly title: string;
  readonly reason: string;
  /** Who wants it, as the channel names people (`slack:T1/U1`): nobody approves what they asked for. Default: the workflow. */
  readonly requestedBy?: string;
  /** The approval rule that policy names; undefined: the workspace's own. A name that there is none of is refused. */
  readonly rule?: string;
  readonly context: readonly { readonly name: string; readonly value: string; readonly url?: string }[];
  readonly actions: readonly ProposedPlan[];
}

/** Where an asked approval stands. */
export interface AskedApproval {
  readonly approvalId: string;
  /** The name of the rule that people were asked under. */
  readonly rule?: string;
  readonly status: 'requested' | 'approved' | 'denied' | 'expired';
  /** What was asked, and so what a "yes" covers: one planned digest per action shown. */
  readonly digests: readonly string[];
  /** Who decided; null when nobody did. */
  readonly actor: string | null;
  /** Where the run and its audit entries can be seen. */
  readonly auditUrl: string;
}
