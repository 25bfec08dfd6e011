import { defineMeaningRule } from '../validation/rule.ts';
import type { SchemaNode } from '../validation/schema-keywords.ts';
import { allowsType, listInputPlaces, pathOf } from '../validation/schema-places.ts';

export const inputUnboundedString = defineMeaningRule({
  id: 'input-unbounded-string',
  severity: 'warning',
  title: 'Every string of an input has a longest length',
  why: 'An input is stored, shown to approvers and sent on; one without bound fills all three.',
  fix: 'Add `.max(n)`, an enum, or a pattern of fixed length.',
  example: {
    at: '/actions/add-comment/input/properties/text',
    bad: { type: 'string', description: 'What the comment says.' },
    good: { type: 'string', description: 'What the comment says.', maxLength: 400 },
    found: '/actions/add-comment/input/properties/text',
  },
  *check(manifest) {
    for (const place of listInputPlaces(manifest)) {
      if (isUnboundedString(place.node)) yield { path: pathOf(place), message: 'the string has no longest length' };
    }
  },
});

const SHORT_FORMATS = new Set(['date', 'time', 'date-time', 'uuid', 'ipv4', 'ipv6']);

function isUnboundedString(node: SchemaNode): boolean {
  const { maxLength, format, pattern } = node;
  if (!allowsType(node, 'string') || maxLength !== undefined || 'enum' in node || 'const' in node) return false;
  if (typeof format === 'string' && SHORT_FORMATS.has(format)) return false;
  return typeof pattern !== 'string' || !hasFixedLength(pattern);
}

/** Anchored at both ends and without a quantifier that has no upper bound; escapes and classes are dropped first. */
function hasFixedLength(pattern: string): boolean {
  if (!pattern.startsWith('^') || !pattern.endsWith('$')) return false;
  const bare = pattern.replace(/\\./gs, 'x').replace(/\[[^\]]*\]/g, 'x');
  return !/[*+]|\{\d*,\}|\|/.test(bare);
}
