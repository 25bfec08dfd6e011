import { SdkError } from '../errors.ts';
import { listClosest } from './closest-names.ts';
import type { Rule } from './rule.ts';
import { rules } from './rule-set.ts';

/**
 * The rules of a check: all of them, `only` some, or all but those to `ignore`. Rules about structure can't be ignored:
 * nothing can be said about a manifest that can't be read.
 *
 * @throws SdkError `RULE_UNKNOWN` (details.closest: the ids that come closest), `RULE_NOT_OPTIONAL`
 */
export function selectRules(options: {
  readonly only?: readonly string[];
  readonly ignore?: readonly string[];
}): Rule[] {
  const { only = [], ignore = [] } = options;
  const known = new Map(rules.map((rule) => [rule.id, rule]));
  for (const id of [...only, ...ignore]) {
    if (known.has(id)) continue;
    const closest = listClosest(id, [...known.keys()]);
    throw new SdkError('RULE_UNKNOWN', `there is no rule "${id}": did you mean ${closest.join(' or ')}?`, {
      details: { rule: id, closest },
    });
  }
  for (const id of ignore) {
    const rule = known.get(id);
    if (rule && 'codes' in rule) throw new SdkError('RULE_NOT_OPTIONAL', `the rule "${id}" can't be ignored`);
  }
  return rules.filter(({ id }) => (only.length === 0 || only.includes(id)) && !ignore.includes(id));
}
