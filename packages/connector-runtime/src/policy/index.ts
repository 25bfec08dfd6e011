export { createPolicyEngine, type PolicyEngine } from './policy-engine.ts';
export { createPolicySimulator, type PolicySimulator } from './policy-simulator.ts';
export { verifyPolicyText } from './verify-policy-text.ts';
