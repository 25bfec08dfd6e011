import { type PolicyJson, policySetTextToParts, policyToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { RuntimeError } from '../types/errors.ts';
import { defaultPolicies } from './default-policies.ts';
import type { PolicyTexts } from './policy-texts.ts';

export interface PolicySet {
  /** Cedar, by policy id. */
  readonly policies: Readonly<Record<string, string>>;
  /** The approval rule that a policy names (`@approval("finance")`), by policy id. */
  readonly rules: ReadonlyMap<string, string>;
}

/** Before the id of each policy of a workspace, so that none replaces one of the tenant or of the defaults. */
const WORKSPACE = 'workspace:';

/**
 * The default policies with a tenant's own over them, by `@id`, and a workspace's beside them, by `workspace:` and `@id`. A
 * policy without one is called by its place (`policy-1`). A workspace only forbids: whatever it says, nothing more is allowed.
 *
 * @throws RuntimeError `POLICY_INVALID` for text that is not Cedar, an id twice, a template, an `@approval` that can't take
 * effect, or a workspace's `permit`
 */
export function parsePolicySet({ tenant, workspace }: PolicyTexts): PolicySet {
  const policies: Record<string, string> = Object.create(null);
  const rules = new Map<string, string>();
  const add = (id: string, { cedar, rule }: ParsedPolicy) => {
    policies[id] = cedar;
    rules.delete(id);
    if (rule !== undefined) rules.set(id, rule);
  };
  for (const [id, policy] of parsePolicies(defaultPolicies)) add(id, policy);
  if (tenant !== undefined) for (const [id, policy] of parseTenantPolicies(tenant)) add(id, policy);
  if (workspace !== undefined) {
    for (const [id, policy] of parseWorkspacePolicies(workspace)) add(`${WORKSPACE}${id}`, policy);
  }
  return { policies, rules };
}

/** Ids as `parsePolicySet` gives them. @throws RuntimeError `POLICY_INVALID` */
export function policyIds({ tenant, workspace }: PolicyTexts): readonly string[] {
  const own = tenant === undefined ? [] : [...parsePolicies(tenant).keys()];
  const added = workspace === undefined ? [] : [...parsePolicies(workspace).keys()];
  return [...own, ...added.map((id) => `${WORKSPACE}${id}`)];
}

function parseTenantPolicies(text: string): Policies {
  const policies = parsePolicies(text);
  const taken = [...policies.keys()].find((id) => id.startsWith(WORKSPACE));
  if (taken === undefined) return policies;
  throw invalid(`the id "${taken}" is a workspace's: begin it otherwise than with ${WORKSPACE}`);
}

function parseWorkspacePolicies(text: string): Policies {
  const policies = parsePolicies(text);
  const permit = [...policies].find(([, { effect }]) => effect !== 'forbid');
  if (permit === undefined) return policies;
  throw invalid(
    `policy "${permit[0]}" permits, and a workspace's text only forbids: permit in the tenant's text, for principal in Workspace::"…"`,
  );
}

interface ParsedPolicy {
  readonly cedar: string;
  readonly effect: PolicyJson['effect'];
  readonly rule: string | undefined;
}

type Policies = ReadonlyMap<string, ParsedPolicy>;

function parsePolicies(text: string): Policies {
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') {
    const [first] = parts.errors;
    throw invalid(`the policy text is not Cedar: ${first?.message ?? 'unreadable'}`, {
      errors: parts.errors.map(({ message, sourceLocations }) => ({ message, at: sourceLocations?.[0] })),
    });
  }
  if (parts.policy_templates.length > 0) {
    throw invalid('the policy text holds a template (?principal or ?resource): write it out');
  }
  const policies = new Map<string, ParsedPolicy>();
  for (const [index, cedar] of parts.policies.entries()) {
    const answer = policyToJson(cedar);
    if (answer.type === 'failure') throw invalid(`policy ${index + 1} is not Cedar: ${answer.errors[0]?.message}`);
    const { annotations = {}, effect } = answer.json;
    const id = annotations.id ?? `policy-${index + 1}`;
    if (policies.has(id)) throw invalid(`two policies are called "${id}": give each its own @id`);
    policies.set(id, { cedar, effect, rule: ruleOf(id, answer.json) });
  }
  return policies;
}

/** Where approval changes nothing, a rule that is named would never be asked, and its author would rely on it. */
function ruleOf(id: string, { annotations = {}, conditions }: PolicyJson): string | undefined {
  if (!Object.hasOwn(annotations, 'approval')) return undefined;
  const rule = annotations.approval ?? '';
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(rule)) {
    throw invalid(`policy "${id}": @approval("…") takes the name of an approval rule`);
  }
  if (!JSON.stringify(conditions).includes('"attr":"approved"')) {
    throw invalid(`policy "${id}" names an approval rule, but does not depend on context.approved: it would never ask`);
  }
  return rule;
}

function invalid(message: string, details: Readonly<Record<string, unknown>> = {}): RuntimeError {
  return new RuntimeError('POLICY_INVALID', message, { details });
}
