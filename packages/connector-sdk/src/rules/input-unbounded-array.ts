import { defineMeaningRule } from '../validation/rule.ts';
import { allowsType, listInputPlaces, pathOf } from '../validation/schema-places.ts';

export const inputUnboundedArray = defineMeaningRule({
  id: 'input-unbounded-array',
  severity: 'warning',
  title: 'Every list of an input has a greatest length',
  why: 'A list is often one request per entry: without bound a single step exhausts the rate limit and its time.',
  fix: 'Add `.max(n)`.',
  example: {
    at: '/actions/add-comment/input/properties/labels',
    bad: { type: 'array', description: 'Labels.', items: { type: 'string', maxLength: 40 } },
    good: { type: 'array', description: 'Labels.', items: { type: 'string', maxLength: 40 }, maxItems: 10 },
    found: '/actions/add-comment/input/properties/labels',
  },
  *check(manifest) {
    for (const place of listInputPlaces(manifest)) {
      const { node } = place;
      if (!allowsType(node, 'array') || 'maxItems' in node || 'const' in node || 'enum' in node) continue;
      // A tuple is as long as it is.
      if ('prefixItems' in node && (node.items === false || node.unevaluatedItems === false)) continue;
      yield { path: pathOf(place), message: 'the list has no greatest length' };
    }
  },
});
