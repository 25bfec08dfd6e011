import type { Step } from '../types/run.ts';

/** An approval that people granted: one use for each digest in it. */
export interface Grant {
  readonly approvalId: string;
  readonly digests: readonly string[];
}

export interface Grants {
  add(grant: Grant): void;
  /** The approval that covers this plan at this step; undefined when none does, or other steps have used it up. */
  claim(stepKey: string, stepDigest: string, plannedDigest: string): string | undefined;
}

/** "Yes" to one note is not "yes" to five of them: each approved plan may be done by one step. */
export function createGrants(granted: readonly Grant[], steps: readonly Step[]): Grants {
  const grants = [...granted];
  const usedBy = new Map<string, Set<string>>();
  const use = (approvalId: string, stepDigest: string, stepKey: string) => {
    const name = `${approvalId} ${stepDigest}`;
    const keys = usedBy.get(name) ?? new Set();
    usedBy.set(name, keys.add(stepKey));
  };
  for (const step of steps) {
    if (step.kind === 'action' && step.approvalId !== null && step.attempts > 0) {
      use(step.approvalId, step.digest, step.key);
    }
  }
  return {
    add(grant) {
      if (!grants.some(({ approvalId }) => approvalId === grant.approvalId)) grants.push(grant);
    },
    claim(stepKey, stepDigest, plannedDigest) {
      for (const { approvalId, digests } of grants) {
        const uses = usedBy.get(`${approvalId} ${stepDigest}`) ?? new Set();
        const others = uses.has(stepKey) ? uses.size - 1 : uses.size;
        if (digests.filter((digest) => digest === plannedDigest).length > others) {
          use(approvalId, stepDigest, stepKey);
          return approvalId;
        }
      }
      return undefined;
    },
  };
}
