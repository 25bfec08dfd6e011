import type { ManifestAction } from '@org/connector-sdk';
import type { TenantEvent } from './delivery.ts';

/**
 * `diverged`: stopped, until code that fits its journal is deployed and a person resumes it. `cancelling`: nothing new is
 * begun; what is in hand ends. The last four are final: `completed`, `denied`, `failed` and `cancelled`.
 */
export type RunStatus =
  | 'queued'
  | 'running'
  | 'waiting'
  | 'diverged'
  | 'cancelling'
  | 'completed'
  | 'denied'
  | 'failed'
  | 'cancelled';

export type StepKind = 'action' | 'approval' | 'step' | 'sleep' | 'patch' | 'event';

export interface Run {
  readonly id: string;
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly workflow: string;
  readonly event: TenantEvent;
  readonly status: RunStatus;
  /** Rises with each claim; a step is reserved only under the current one (fencing). */
  readonly generation: number;
}

/**
 * `intended`: reserved, perhaps sent. `waiting`: for a person or a time. `unknown`: sent, outcome not known.
 * `succeeded`, `failed` and `denied` are final.
 */
export type StepStatus = 'intended' | 'waiting' | 'unknown' | 'succeeded' | 'failed' | 'denied';

export interface StepError {
  readonly code: string;
  readonly message: string;
}

/** One row of a run's journal, which is also the write ledger. */
export interface Step {
  readonly key: string;
  readonly kind: StepKind;
  /** Full name of the action. */
  readonly action: string | null;
  readonly connectionId: string | null;
  /** Digest of what this step does: kind, action, connection and input. A replay that differs has diverged. */
  readonly digest: string;
  readonly status: StepStatus;
  readonly output: unknown;
  readonly error: StepError | null;
  readonly attempts: number;
  /** Of these, how many are known to have ended with their node: nobody saw what became of them. */
  readonly lost: number;
  readonly idempotencyKey: string;
  /** The approval that it was sent under, or the question that it asked since. */
  readonly approvalId: string | null;
  /** Digest of the plan that was last sent under an approval: that one is used up. */
  readonly plannedDigest: string | null;
  /** Milliseconds since 1970; when a waiting or unknown step is due again. */
  readonly dueAt: number | null;
  /** Milliseconds since 1970 of the last attempt's intent. */
  readonly attemptedAt: number | null;
}

/** What would run: what policy decides on, what a person is shown, and what an approval's digest binds. */
export interface PlannedAction {
  readonly tenantId: string;
  readonly workspaceId: string;
  readonly runId: string;
  readonly workflow: string;
  /** Full name: `servicenow.update-assignment`. */
  readonly action: string;
  readonly connector: string;
  readonly connectionId: string;
  readonly connectionName: string;
  /** Digest of the enabled artifact: an approval does not carry over to other code. */
  readonly artifactDigest: string;
  readonly manifest: ManifestAction;
  readonly input: unknown;
  /** `sha256:<hex>` over action, connection, artifact and input. */
  readonly digest: string;
}

/** Policy's word on a planned action. `policyIds`: the policies that decided. */
export type Decision =
  | { readonly effect: 'allow'; readonly policyIds: readonly string[] }
  /** `rule`: the name of the approval rule that has to be asked; undefined: the workspace's own. */
  | { readonly effect: 'require-approval'; readonly policyIds: readonly string[]; readonly rule?: string }
  | { readonly effect: 'deny'; readonly policyIds: readonly string[] };

/** One try of an action at the SaaS. */
export interface Attempt {
  readonly planned: PlannedAction;
  readonly stepKey: string;
  readonly idempotencyKey: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Milliseconds since 1970. Nothing of this attempt leaves later: whoever looks for its effect relies on it. */
  readonly notAfter: number;
  /** Asked right before each request that may change something; rejects with `RUN_FENCED` where another node has the run by now. */
  readonly beforeWrite?: () => Promise<void>;
}

/** One http exchange as it may be shown: no query, header or body. */
export interface HttpTrace {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status: number | null;
  readonly durationMs: number;
}

/** What became of an attempt. `unknown` is never resent blindly. */
export type Outcome =
  | { readonly status: 'applied'; readonly output: unknown; readonly http: readonly HttpTrace[] }
  | {
      readonly status: 'not-applied';
      readonly error: StepError;
      readonly retryable: boolean;
      readonly retryAfterMs?: number;
      /** It did not leave for want of budget: no try at the SaaS, and not counted as one. */
      readonly heldBack?: boolean;
      readonly http: readonly HttpTrace[];
    }
  | { readonly status: 'unknown'; readonly error: StepError; readonly http: readonly HttpTrace[] };
