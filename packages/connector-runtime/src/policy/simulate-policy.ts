import type { Manifest } from '@org/connector-sdk';
import type { Decision } from '../types/run.ts';
import { decideWith, preparse } from './policy-engine.ts';

export interface SimulatedAction {
  /** Full name: `servicenow.update-assignment`. */
  readonly action: string;
  readonly withoutApproval: Decision['effect'];
  readonly withApproval: Decision['effect'];
  readonly policyIds: readonly string[];
}

export interface Simulation {
  /** Cedar text in place of the tenant's; undefined: the default policies alone. */
  readonly text?: string;
  readonly workspaceId: string;
  readonly workflow: string;
  readonly connectionName: string;
}

/** What policy would say to every action of a connector, decided by the very code that enforces it. Nothing runs. */
export function simulatePolicy(manifest: Manifest, simulation: Simulation): readonly SimulatedAction[] {
  const set = preparse('simulation', simulation.text, () => undefined) ? 'simulation' : undefined;
  return Object.entries(manifest.actions).map(([key, action]) => {
    const subject = { ...simulation, action: `${manifest.id}.${key}`, connector: manifest.id, manifest: action };
    const { effect, policyIds } = decideWith(set, subject, false);
    return {
      action: subject.action,
      withoutApproval: effect,
      withApproval: decideWith(set, subject, true).effect,
      policyIds,
    };
  });
}
