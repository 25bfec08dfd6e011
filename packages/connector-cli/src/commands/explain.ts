import { type Rule, rulePage, rulePath, rules, selectRules } from '@org/connector-sdk/validation';
import type { Report } from '../terminal.ts';

/**
 * `connector explain [rule]`: the page of a rule, or the list of all rules.
 * @throws SdkError `RULE_UNKNOWN`
 */
export function explain(id: string | undefined): Report {
  if (id === undefined) {
    return { ok: true, lines: rules.map(listed), json: { rules: rules.map(described) } };
  }
  const [rule] = selectRules({ only: [id] });
  if (!rule) return { ok: false, lines: [], json: {} };
  const page = rulePage(rule);
  return { ok: true, lines: [page.trimEnd()], json: { rule: { ...described(rule), page } } };
}

const WIDTH = Math.max(...rules.map(({ id }) => id.length));

function listed(rule: Rule): string {
  return `${rule.id.padEnd(WIDTH)}  ${(rule.severity ?? 'release').padEnd(7)}  ${rule.title}`;
}

function described(rule: Rule): object {
  const { id, title, why, fix, severity = null } = rule;
  const releaseSeverity = rule.releaseSeverity ?? severity;
  return { id, title, severity, releaseSeverity, why, fix, repairable: rule.repair !== undefined, docs: rulePath(id) };
}
