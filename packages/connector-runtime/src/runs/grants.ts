import type { Step } from '../types/run.ts';

/** An approval that people granted: one use for each digest in it. */
export interface Grant {
  readonly approvalId: string;
  readonly digests: readonly string[];
  /** The action step that asked for itself: the answer is for that step alone. Null: the workflow asked, for any step. */
  readonly stepKey: string | null;
  /** The name of the approval rule under which they were asked. */
  readonly rule: string;
}

export interface Grants {
  add(grant: Grant): void;
  /** The approval that covers this plan at this step; undefined when none does, or other steps have used it up. */
  claim(step: {
    readonly key: string;
    readonly plannedDigest: string;
    /** What the journal has of the step. */
    readonly existing: Pick<Step, 'approvalId'> | undefined;
  }): Pick<Grant, 'approvalId' | 'rule'> | undefined;
}

/** "Yes" to one note is not "yes" to five of them: each approved plan may be done by one step. */
export function createGrants(granted: readonly Grant[], steps: readonly Step[]): Grants {
  const grants = [...granted];
  const usedBy = new Map<string, Set<string>>();
  const usersOf = (approvalId: string, digest: string) => {
    const name = `${approvalId} ${digest}`;
    const users = usedBy.get(name) ?? new Set<string>();
    usedBy.set(name, users);
    return users;
  };
  /** What may cover the plan at this step, the approval that the step names first. */
  const covering = (stepKey: string, plannedDigest: string, named: string | null) =>
    grants
      .filter((grant) => grant.digests.includes(plannedDigest) && (grant.stepKey ?? stepKey) === stepKey)
      .toSorted((one, other) => Number(other.approvalId === named) - Number(one.approvalId === named));

  for (const { key, kind, plannedDigest, approvalId } of steps) {
    if (kind !== 'action' || plannedDigest === null) continue;
    // A step that asked again after it was sent names its new question: the old "yes" is used up all the same.
    const [used] = covering(key, plannedDigest, approvalId);
    if (used !== undefined) usersOf(used.approvalId, plannedDigest).add(key);
  }
  return {
    add(grant) {
      if (!grants.some(({ approvalId }) => approvalId === grant.approvalId)) grants.push(grant);
    },
    claim({ key, plannedDigest, existing }) {
      const named = existing?.approvalId ?? null;
      // Its own question is open, or the answer was "no": another "yes" does not go past that.
      if (named !== null && !grants.some(({ approvalId }) => approvalId === named)) return undefined;
      for (const { approvalId, digests, rule } of covering(key, plannedDigest, named)) {
        const users = usersOf(approvalId, plannedDigest);
        const others = users.has(key) ? users.size - 1 : users.size;
        if (digests.filter((digest) => digest === plannedDigest).length > others) {
          users.add(key);
          return { approvalId, rule };
        }
      }
      return undefined;
    },
  };
}
