import { RuntimeError } from '../types/errors.ts';
import type { Step, StepKind } from '../types/run.ts';

export interface JournalledStep extends Step {
  /** In which order results came to the workflow, where other operations were open. */
  readonly turn: number | null;
}

interface AskedStep {
  readonly kind: StepKind;
  /** What it does, for people: `action servicenow.update-assignment`. */
  readonly what: string;
  /** Undefined: the workflow leaves the name to us. */
  readonly key: string | undefined;
  /** What the name is made from then: `<prefix>#<n>`. */
  readonly prefix: string;
  readonly digest: string;
}

/** Where a run's code and its journal part. */
export interface Divergence {
  readonly step: string;
  readonly was: string;
  readonly is: string;
}

type Found =
  | { readonly key: string; readonly existing: JournalledStep | undefined }
  | { readonly invalid: RuntimeError }
  | { readonly diverged: Divergence };

export interface Journal {
  find(asked: AskedStep): Found;
  /** A journalled step that the replay has not asked for so far. */
  unasked(): JournalledStep | undefined;
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9._:/#-]{0,199}$/;

/** A run's steps as they were when it was claimed, matched with what the workflow's code asks for now. */
export function createJournal(steps: readonly JournalledStep[]): Journal {
  const journalled = new Map(steps.map((step) => [step.key, step]));
  const asked = new Set<string>();

  /** Parallel branches may ask in another order than last time: the step that does the same is the same. */
  function nameFor({ kind, prefix, digest }: AskedStep): string {
    const same = steps.find(
      (step) => !asked.has(step.key) && step.kind === kind && step.digest === digest && isNumbered(step.key, prefix),
    );
    if (same !== undefined) return same.key;
    let number = 1;
    while (asked.has(`${prefix}#${number}`) || journalled.has(`${prefix}#${number}`)) number += 1;
    return `${prefix}#${number}`;
  }

  return {
    find(step) {
      const key = step.key ?? nameFor(step);
      if (!KEY.test(key)) {
        return {
          invalid: new RuntimeError('WORKFLOW_INVALID', `"${key}" can't name a step: use letters, digits and ._:/#-`),
        };
      }
      if (asked.has(key)) {
        return {
          invalid: new RuntimeError('WORKFLOW_INVALID', `two steps are called "${key}": give each its own key`),
        };
      }
      asked.add(key);
      const existing = journalled.get(key);
      if (existing !== undefined && (existing.kind !== step.kind || existing.digest !== step.digest)) {
        return { diverged: { step: key, was: describe(existing), is: `${step.what} ${short(step.digest)}` } };
      }
      return { key, existing };
    },
    // A patch may be taken out of the code once all that depends on it is.
    unasked: () => steps.find((step) => step.kind !== 'patch' && !asked.has(step.key)),
  };
}

/** A step as a person can tell it from another: equal digests are equal actions, connections and inputs. */
export function describe({ kind, action, digest }: Step): string {
  return `${action === null ? kind : `${kind} ${action}`} ${short(digest)}`;
}

function short(digest: string): string {
  return `(${digest.slice(0, 'sha256:'.length + 12)})`;
}

function isNumbered(key: string, prefix: string): boolean {
  return key.startsWith(`${prefix}#`) && /^\d+$/.test(key.slice(prefix.length + 1));
}
