import { type SchemaJson, validate } from '@cedar-policy/cedar-wasm/nodejs';
import type { Manifest } from '@org/connector-sdk';
import { RuntimeError } from '../types/errors.ts';
import { actionGroups } from './cedar-request.ts';
import { parsePolicySet } from './policy-set.ts';

const GROUPS = ['read', 'write', 'low', 'medium', 'high', 'critical'];

/**
 * Checks a tenant's policy text, together with the default policies, against what the enabled connectors declare: a misspelt
 * action or attribute is found here and not when a run meets it.
 *
 * @throws RuntimeError `POLICY_INVALID` (details.issues: `{ policyId, message }[]`)
 */
export function verifyPolicyText(text: string, manifests: readonly Manifest[]): void {
  const answer = validate({ schema: cedarSchema(manifests), policies: { staticPolicies: parsePolicySet(text) } });
  const issues =
    answer.type === 'failure'
      ? answer.errors.map(({ message }) => ({ policyId: '', message }))
      : answer.validationErrors.map(({ policyId, error }) => ({ policyId, message: error.message }));
  const [first] = issues;
  if (first === undefined) return;
  throw new RuntimeError('POLICY_INVALID', `policy ${first.policyId || 'text'}: ${first.message}`, {
    details: { issues },
  });
}

/** The Cedar schema of every action of the manifests. */
function cedarSchema(manifests: readonly Manifest[]): SchemaJson<string> {
  const appliesTo = { principalTypes: ['Workflow'], resourceTypes: ['Connection'], context: CONTEXT };
  const actions: SchemaJson<string>[string]['actions'] = Object.fromEntries(GROUPS.map((id) => [id, {}]));
  // An action that no manifest has keeps the default policies valid before the first connector is enabled.
  actions['none.read'] = { memberOf: actionGroups('read', 'low').map((id) => ({ id })), appliesTo };
  for (const risk of ['low', 'medium', 'high', 'critical']) {
    actions[`none.${risk}-write`] = { memberOf: actionGroups('write', risk).map((id) => ({ id })), appliesTo };
  }
  for (const { id, actions: declared } of manifests) {
    for (const [key, { effect, risk }] of Object.entries(declared)) {
      actions[`${id}.${key}`] = { memberOf: actionGroups(effect, risk).map((group) => ({ id: group })), appliesTo };
    }
  }
  return {
    '': {
      entityTypes: {
        Workspace: {},
        Connector: {},
        Workflow: { memberOfTypes: ['Workspace'] },
        Connection: { memberOfTypes: ['Connector', 'Workspace'] },
      },
      actions,
    },
  };
}

const CONTEXT = {
  type: 'Record' as const,
  attributes: {
    approved: { type: 'Boolean' as const },
    effect: { type: 'String' as const },
    risk: { type: 'String' as const },
    idempotency: { type: 'String' as const },
    reversible: { type: 'String' as const },
  },
};
