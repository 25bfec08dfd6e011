import type { PlannedStep, PlanOptions } from './define-workflow.ts';

/** A frozen copy: what changes in the workflow's hands afterwards is another plan. */
export function plannedStep(name: string, input: unknown, { connection, facts = [] }: PlanOptions): PlannedStep {
  return deepFreeze({ planned: name, input: jsonCopy(input), connection: connection ?? null, facts: jsonCopy(facts) });
}

/** What the journal will give back: the value as JSON holds it. */
export function jsonCopy<T>(value: T): T {
  const text = JSON.stringify(value);
  return text === undefined ? (null as T) : (JSON.parse(text) as T);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const member of Object.values(Object.freeze(value))) deepFreeze(member);
  }
  return value;
}
