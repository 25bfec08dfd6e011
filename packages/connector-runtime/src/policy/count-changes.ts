import type { PolicyChange } from './compare-policies.ts';

export type ChangeCounts = Readonly<Record<Exclude<PolicyChange, 'none'>, number>>;

/** How many things would be decided otherwise, by what becomes of them. A group counts as often as it was invoked. */
export function countChanges(
  compared: readonly { readonly change: PolicyChange; readonly invocations?: number }[],
): ChangeCounts {
  const counts = { loosened: 0, tightened: 0, rerouted: 0 };
  for (const { change, invocations = 1 } of compared) if (change !== 'none') counts[change] += invocations;
  return counts;
}
