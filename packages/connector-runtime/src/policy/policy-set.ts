import { policySetTextToParts, policyToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { RuntimeError } from '../types/errors.ts';
import { defaultPolicies } from './default-policies.ts';

/** Policies by id. */
export type PolicySet = Readonly<Record<string, string>>;

/**
 * The default policies with a tenant's own ones over them, by `@id`; a policy without one is called by its place (`policy-1`).
 *
 * @throws RuntimeError `POLICY_INVALID` for text that is not Cedar, an id twice, or a template
 */
export function parsePolicySet(tenantText: string | undefined): PolicySet {
  const defaults = parsePolicies(defaultPolicies);
  return tenantText === undefined ? defaults : { ...defaults, ...parsePolicies(tenantText) };
}

function parsePolicies(text: string): PolicySet {
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') {
    const [first] = parts.errors;
    throw new RuntimeError('POLICY_INVALID', `the policy text is not Cedar: ${first?.message ?? 'unreadable'}`, {
      details: { errors: parts.errors.map(({ message, sourceLocations }) => ({ message, at: sourceLocations?.[0] })) },
    });
  }
  if (parts.policy_templates.length > 0) {
    throw new RuntimeError(
      'POLICY_INVALID',
      'the policy text holds a template (?principal or ?resource): write it out',
    );
  }
  const policies: Record<string, string> = Object.create(null);
  for (const [index, policy] of parts.policies.entries()) {
    const id = idOf(policy) ?? `policy-${index + 1}`;
    if (policies[id] !== undefined) {
      throw new RuntimeError('POLICY_INVALID', `two policies are called "${id}": give each its own @id`);
    }
    policies[id] = policy;
  }
  return policies;
}

function idOf(policy: string): string | undefined {
  const answer = policyToJson(policy);
  return answer.type === 'success' ? answer.json.annotations?.id : undefined;
}
