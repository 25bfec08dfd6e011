import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { Decision } from '../types/run.ts';
import { cedarRequest, type PolicySubject } from './cedar-request.ts';
import { parsePolicySet } from './policy-set.ts';
import type { PolicyTexts } from './policy-texts.ts';

/** People's agreement. `rule`: the named approval rule that they were asked under. */
export interface Agreement {
  readonly approved: boolean;
  readonly rule?: string;
}

/** A policy set that Cedar holds parsed under a name. */
export interface PreparedPolicy {
  readonly name: string;
  /** By policy id, the approval rule that it names. */
  readonly rules: ReadonlyMap<string, string>;
}

/** Id of the decision when policy itself is broken: everything is denied until it is mended. */
const POLICY_ERROR = 'policy-error';
/** Id of the decision when no policy speaks for the action. */
const NOT_PERMITTED = 'not-permitted';
/** First id of the decision when policies want approval under rules of different names: nobody says which of them is stricter. */
const RULES_DIFFER = 'approval-rules-differ';

/** Puts a policy set into Cedar's cache under a name, in place of what was there. Undefined when it is broken. */
export function preparePolicy(
  name: string,
  texts: PolicyTexts,
  onError: (message: string) => void,
): PreparedPolicy | undefined {
  try {
    const { policies, rules } = parsePolicySet(texts);
    const answer = preparsePolicySet(name, { staticPolicies: { ...policies } });
    if (answer.type === 'success') return { name, rules };
    onError(answer.errors.map(({ message }) => message).join('; '));
  } catch (error) {
    onError(error instanceof Error ? error.message : String(error));
  }
  return undefined;
}

/**
 * Asked without approval, and if that is denied, asked again as if approved: allowed, allowed if people agree, or denied.
 * Enforcement and simulation both end here. `policy`: undefined is a broken one.
 */
export function decideWith(policy: PreparedPolicy | undefined, subject: PolicySubject, agreement: Agreement): Decision {
  if (policy === undefined) return { effect: 'deny', policyIds: [POLICY_ERROR] };
  const alone = ask(policy, subject, false);
  if (alone.broken) return { effect: 'deny', policyIds: alone.policyIds };
  if (alone.allowed && !agreement.approved) return { effect: 'allow', policyIds: alone.policyIds };
  const approved = ask(policy, subject, true);
  const { policyIds } = approved;
  if (!approved.allowed) return { effect: 'deny', policyIds };
  if (alone.allowed) return { effect: 'allow', policyIds };
  // Whoever permits it once approved may say by whom, and so may whoever forbids it until then.
  const deciding = [...alone.policyIds, ...policyIds];
  const named = new Set(deciding.flatMap((id) => policy.rules.get(id) ?? []));
  if (named.size > 1) return { effect: 'deny', policyIds: [RULES_DIFFER, ...naming(policy, deciding)] };
  const [rule] = named;
  if (rule === undefined) return { effect: agreement.approved ? 'allow' : 'require-approval', policyIds };
  // The word of anybody else does not count.
  if (agreement.approved && agreement.rule === rule) return { effect: 'allow', policyIds };
  return { effect: 'require-approval', policyIds, rule };
}

function naming({ rules }: PreparedPolicy, policyIds: readonly string[]): readonly string[] {
  return policyIds.filter((id) => rules.has(id)).toSorted();
}

interface Answer {
  readonly allowed: boolean;
  readonly broken: boolean;
  readonly policyIds: readonly string[];
}

function ask({ name }: PreparedPolicy, subject: PolicySubject, approved: boolean): Answer {
  const answer = statefulIsAuthorized({ ...cedarRequest(subject, approved), preparsedPolicySetId: name });
  // Cedar skips a policy that fails to evaluate. Were that a `forbid`, skipping it would open what it closes.
  if (answer.type === 'failure' || answer.response.diagnostics.errors.length > 0) {
    return { allowed: false, broken: true, policyIds: [POLICY_ERROR] };
  }
  const { decision, diagnostics } = answer.response;
  const policyIds = diagnostics.reason.length > 0 ? diagnostics.reason.toSorted() : [NOT_PERMITTED];
  return { allowed: decision === 'allow', broken: false, policyIds };
}
