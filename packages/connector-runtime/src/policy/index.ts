export type { PolicyEngine } from './policy-engine.ts';
export { createPolicyEngine } from './policy-engine.ts';
