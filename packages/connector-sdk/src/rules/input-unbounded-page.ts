import { defineMeaningRule } from '../validation/rule.ts';
import { allowsType, listInputPlaces, pathOf } from '../validation/schema-places.ts';

export const inputUnboundedPage = defineMeaningRule({
  id: 'input-unbounded-page',
  severity: 'warning',
  title: 'A number that asks for an amount has a maximum',
  why: 'Whoever asks for a million rows gets as many as the vendor gives: memory, time and the rate limit go with them.',
  fix: 'Add `.max(n)` with the vendor’s largest page.',
  example: {
    at: '/actions/add-comment/input/properties/limit',
    bad: { type: 'integer', description: 'How many.' },
    good: { type: 'integer', description: 'How many.', minimum: 1, maximum: 100 },
    found: '/actions/add-comment/input/properties/limit',
  },
  *check(manifest) {
    for (const place of listInputPlaces(manifest)) {
      const { node, property } = place;
      if (place.role !== 'input' || property === undefined || !AMOUNT.test(property)) continue;
      if (!allowsType(node, 'integer') && !allowsType(node, 'number')) continue;
      if ('enum' in node || 'const' in node || isBound(node.maximum) || isBound(node.exclusiveMaximum)) continue;
      yield { path: pathOf(place), message: `"${property}" has no maximum` };
    }
  },
});

const AMOUNT =
  /^(?:limit|count|size|top|take|first|last|max|page_?size|per_?page|batch_?size|max_?(?:results|items|rows|records|bytes)|page_?limit)$/i;

/** The largest safe integer is what a schema says that has no bound of its own. */
function isBound(most: unknown): boolean {
  return typeof most === 'number' && most < Number.MAX_SAFE_INTEGER;
}
