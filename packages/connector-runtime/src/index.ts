export { defineRuntimeConfig, parseRuntimeOptions, type RuntimeConfig, type RuntimeOptions } from './config.ts';
export type { AdminPorts } from './http/index.ts';
export type { Invocation, Invoked } from './invoke.ts';
export type { PlannedStep, Workflow, WorkflowContext } from './runs/index.ts';
export { defineWorkflow } from './runs/index.ts';
export { createRuntime, type Runtime } from './runtime.ts';
export { RuntimeError, type RuntimeErrorCode } from './types/errors.ts';
export { Secret } from './types/secret.ts';
export type { KeyContext, KeyWrapper } from './vault/index.ts';
