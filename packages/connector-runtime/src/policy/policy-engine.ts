import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { Manifest } from '@org/connector-sdk';
import type { Decision } from '../types/run.ts';
import { cedarRequest, type PolicySubject } from './cedar-request.ts';
import { parsePolicySet } from './policy-set.ts';
import { verifyPolicyText } from './verify-policy-text.ts';

/** A tenant's policy text. `version` rises with each change. */
export interface PolicyText {
  readonly version: number;
  readonly text: string;
}

export interface PolicyEngineOptions {
  /** Undefined: the tenant has no text of its own, and the default policies hold. */
  readonly policyText: (tenantId: string) => Promise<PolicyText | undefined>;
  readonly log: { error(message: string, fields?: Readonly<Record<string, unknown>>): void };
}

export interface PolicyEngine {
  /** `approved`: a person agreed to exactly this. Rejects only when the tenant's text can't be read. */
  decide(
    planned: PolicySubject & { readonly tenantId: string },
    facts: { readonly approved: boolean },
  ): Promise<Decision>;
  /** @throws RuntimeError `POLICY_INVALID` */
  validate(text: string, manifests: readonly Manifest[]): void;
}

/** Id of the decision when policy itself is broken: everything is denied until it is mended. */
const POLICY_ERROR = 'policy-error';
/** Id of the decision when no policy speaks for the action. */
const NOT_PERMITTED = 'not-permitted';

/** Enforces Cedar policies, one set per tenant. */
export function createPolicyEngine(options: PolicyEngineOptions): PolicyEngine {
  /** Which version Cedar holds parsed under a tenant's name. Undefined versions share the default set. */
  const parsed = new Map<string, { readonly version: number; readonly usable: boolean }>();

  function prepare(tenantId: string, text: PolicyText | undefined): string | undefined {
    const name = text === undefined ? 'default' : `tenant:${tenantId}`;
    const version = text?.version ?? 0;
    const known = parsed.get(name);
    if (known?.version === version) return known.usable ? name : undefined;
    const usable = preparse(name, text?.text, (error) =>
      options.log.error('a policy text is broken: everything is denied until it is mended', {
        tenantId,
        version,
        error,
      }),
    );
    parsed.set(name, { version, usable });
    return usable ? name : undefined;
  }

  return {
    async decide(planned, facts) {
      const text = await options.policyText(planned.tenantId);
      return decideWith(prepare(planned.tenantId, text), planned, facts.approved);
    },
    validate: verifyPolicyText,
  };
}

/** Puts a policy set into Cedar's cache under a name; tells whether it could. */
export function preparse(name: string, text: string | undefined, onError: (message: string) => void): boolean {
  try {
    const answer = preparsePolicySet(name, { staticPolicies: parsePolicySet(text) });
    if (answer.type === 'success') return true;
    onError(answer.errors.map(({ message }) => message).join('; '));
  } catch (error) {
    onError(error instanceof Error ? error.message : String(error));
  }
  return false;
}

/**
 * Asked without approval, and if that is denied, asked again as if approved: allowed, allowed if a person agrees, or denied.
 * Enforcement and simulation both end here. `set`: name of a preparsed set; undefined: a broken one.
 */
export function decideWith(set: string | undefined, subject: PolicySubject, approved: boolean): Decision {
  if (set === undefined) return { effect: 'deny', policyIds: [POLICY_ERROR] };
  const asked = ask(set, subject, approved);
  if (asked.allowed) return { effect: 'allow', policyIds: asked.policyIds };
  if (approved || asked.broken) return { effect: 'deny', policyIds: asked.policyIds };
  const ifApproved = ask(set, subject, true);
  return { effect: ifApproved.allowed ? 'require-approval' : 'deny', policyIds: ifApproved.policyIds };
}

interface Answer {
  readonly allowed: boolean;
  readonly broken: boolean;
  readonly policyIds: readonly string[];
}

function ask(set: string, subject: PolicySubject, approved: boolean): Answer {
  const answer = statefulIsAuthorized({ ...cedarRequest(subject, approved), preparsedPolicySetId: set });
  // Cedar skips a policy that fails to evaluate. Were that a `forbid`, skipping it would open what it closes.
  if (answer.type === 'failure' || answer.response.diagnostics.errors.length > 0) {
    return { allowed: false, broken: true, policyIds: [POLICY_ERROR] };
  }
  const { decision, diagnostics } = answer.response;
  const policyIds = diagnostics.reason.length > 0 ? diagnostics.reason.toSorted() : [NOT_PERMITTED];
  return { allowed: decision === 'allow', broken: false, policyIds };
}
