import type { ManifestAction } from '@org/connector-sdk';
import { sampleAction } from '../runs/test-manifest.ts';
import { createPolicyEngine } from './policy-engine.ts';
import type { PolicyTexts } from './policy-texts.ts';

/** An engine that decides with these texts. */
export function testEngine(texts: PolicyTexts, errors: string[] = []) {
  return createPolicyEngine({
    policyTexts: async () => ({ ...texts, tenantVersion: 1, workspaceVersion: 1 }),
    clock: { now: () => 0 },
    log: { error: (message) => void errors.push(message) },
  });
}

/** What an engine is asked about: workflow `triage` sets a value through connection `main`. */
export function testSubject(manifest: ManifestAction = sampleAction(), tenantId = 't1') {
  return {
    tenantId,
    workspaceId: 'w1',
    workflow: 'triage',
    action: 'sample.set',
    connector: 'sample',
    connectionName: 'main',
    manifest,
  };
}
