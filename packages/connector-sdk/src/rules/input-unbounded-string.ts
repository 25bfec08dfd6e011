import { defineMeaningRule } from '../validation/rule.ts';
import { listInputSchemas, type SchemaNode, walkSchema } from '../validation/schema-nodes.ts';

export const inputUnboundedString = defineMeaningRule({
  id: 'input-unbounded-string',
  severity: 'warning',
  title: 'Every string of an input has a longest length',
  why: 'An input is stored, shown to approvers and sent on; one without bound fills all three.',
  fix: 'Add `.max(n)`, an enum, or a pattern of fixed length.',
  *check(manifest) {
    for (const [root, schema] of listInputSchemas(manifest)) {
      for (const [path, node] of walkSchema(root, schema)) {
        if (isUnboundedString(node)) yield { path, message: 'the string has no longest length' };
      }
    }
  },
});

const SHORT_FORMATS = new Set(['date', 'time', 'date-time', 'uuid', 'ipv4', 'ipv6']);

function isUnboundedString(node: SchemaNode): boolean {
  const { type, maxLength, format, pattern } = node;
  const isString = type === 'string' || (Array.isArray(type) && type.includes('string'));
  if (!isString || maxLength !== undefined || 'enum' in node || 'const' in node) return false;
  if (typeof format === 'string' && SHORT_FORMATS.has(format)) return false;
  return typeof pattern !== 'string' || !hasFixedLength(pattern);
}

/** Anchored at both ends and without a quantifier that has no upper bound; escapes and classes are dropped first. */
function hasFixedLength(pattern: string): boolean {
  if (!/^\^.*\$$/s.test(pattern)) return false;
  const bare = pattern.replace(/\\./gs, 'x').replace(/\[[^\]]*\]/g, 'x');
  return !/[*+]|\{\d*,\}|\|/.test(bare);
}
