export type { ActionOptions, AnyWorkflow, PlannedStep, Workflow, WorkflowContext } from './define-workflow.ts';
export { defineWorkflow } from './define-workflow.ts';
export type { ConnectionsPort } from './plan-action.ts';
export { createRunControl } from './run-control.ts';
export { createRunExecutor } from './run-executor.ts';
export type { RunReader } from './run-reader.ts';
export { createRunReader } from './run-reader.ts';
