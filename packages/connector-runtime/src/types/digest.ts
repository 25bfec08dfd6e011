import { createHash } from 'node:crypto';
import { canonicalJson } from '@org/connector-sdk';

/** What an approval binds: this action with this input, on this connection, by this very code. */
export interface ApprovedContent {
  readonly action: string;
  readonly connectionId: string;
  readonly artifactDigest: string;
  readonly input: unknown;
}

/** `sha256:<hex>` of what a person agrees to. Another artifact is another digest: an approval does not carry over to other code. */
export function plannedDigest({ action, connectionId, artifactDigest, input }: ApprovedContent): string {
  return sha256({ action, connectionId, artifactDigest, input });
}

/** What a step of a run does, as the workflow's own code says it. */
export type StepContent =
  | { readonly kind: 'action'; readonly action: string; readonly connection: string | null; readonly input: unknown }
  | { readonly kind: 'approval'; readonly actions: readonly string[] }
  | { readonly kind: 'step' }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'patch' }
  | {
      readonly kind: 'event';
      readonly trigger: string;
      readonly match: Readonly<Record<string, unknown>>;
      readonly since: 'now' | 'start';
    };

/**
 * `sha256:<hex>` of what the journal compares on replay. It leaves the artifact out, so that a run whose connector is upgraded
 * while it waits still fits its journal.
 */
export function stepDigest(content: StepContent): string {
  return sha256(content);
}

function sha256(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`;
}
