import type { Outcome } from '../types/run.ts';
import type { AnyWorkflow, PlannedStep, WorkflowContext } from './define-workflow.ts';

/** A workflow's context without the registry's types: the connectors of these tests exist in them only. */
export interface FlowContext extends Omit<WorkflowContext, 'action' | 'plan' | 'waitFor'> {
  action(
    name: string | PlannedStep,
    input?: unknown,
    options?: { key?: string; connection?: string },
  ): Promise<unknown>;
  waitFor(
    trigger: string,
    options?: {
      readonly key?: string;
      readonly match?: object;
      readonly timeoutMs?: number;
      readonly since?: 'now' | 'start';
    },
  ): Promise<{ readonly data: unknown }>;
  plan(name: string, input: unknown, options?: object): PlannedStep;
}

export type Flow = (context: FlowContext) => Promise<unknown>;

export function flowOf(
  run: Flow,
  options: { readonly version?: number; readonly deadlineMs?: number } = {},
): AnyWorkflow {
  return { name: 'flow', on: 'sample.changed', ...options, run: run as AnyWorkflow['run'] };
}

export const applied = (output: unknown = {}): Outcome => ({ status: 'applied', output, http: [] });
