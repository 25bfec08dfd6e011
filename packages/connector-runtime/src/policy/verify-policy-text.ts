import { validate } from '@cedar-policy/cedar-wasm/nodejs';
import type { Manifest } from '@org/connector-sdk';
import { RuntimeError } from '../types/errors.ts';
import { cedarSchema, checkingSchema } from './cedar-schema.ts';
import { parsePolicySet, policyIds } from './policy-set.ts';
import type { PolicyTexts } from './policy-texts.ts';

export interface PolicyIssue {
  readonly policyId: string;
  readonly message: string;
}

/**
 * Checks policy texts, together with the default policies, against what the enabled connectors declare: a misspelt action or
 * attribute is found here and not when a run meets it. Answers what is no error but can never apply: nothing that is enabled
 * matches it.
 *
 * @throws RuntimeError `POLICY_INVALID` (details.issues: `{ policyId, message }[]`)
 */
export function verifyPolicyText(texts: PolicyTexts, manifests: readonly Manifest[]): readonly PolicyIssue[] {
  const policies = { staticPolicies: { ...parsePolicySet(texts).policies } };
  const checked = validate({ schema: checkingSchema(manifests), policies });
  const issues =
    checked.type === 'failure'
      ? checked.errors.map(({ message }) => ({ policyId: '', message }))
      : checked.validationErrors.map(issueOf);
  const [first] = issues;
  if (first !== undefined) {
    throw new RuntimeError('POLICY_INVALID', `policy ${first.policyId || 'text'}: ${first.message}`, {
      details: { issues },
    });
  }
  const exact = validate({ schema: cedarSchema(manifests), policies });
  const warnings = exact.type === 'failure' ? [] : exact.validationWarnings.map(issueOf);
  const own = new Set(policyIds(texts));
  // The defaults speak of every risk, whether or not a connector has it.
  const idle = new Set(warnings.map(({ policyId }) => policyId).filter((id) => own.has(id)));
  return [...idle].map((policyId) => ({
    policyId,
    message: `policy ${policyId} can never apply: ${warnings
      .filter((warning) => warning.policyId === policyId)
      .map(({ message }) => message)
      .join('; ')}`,
  }));
}

function issueOf({ policyId, error }: { policyId: string; error: { message: string } }): PolicyIssue {
  return { policyId, message: error.message };
}
