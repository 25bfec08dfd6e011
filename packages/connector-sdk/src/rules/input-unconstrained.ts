import { defineMeaningRule } from '../validation/rule.ts';
import { SCHEMA_KEYWORDS } from '../validation/schema-keywords.ts';
import { listInputPlaces, pathOf } from '../validation/schema-places.ts';

export const inputUnconstrained = defineMeaningRule({
  id: 'input-unconstrained',
  severity: 'warning',
  releaseSeverity: 'error',
  title: 'Every value of an input is described',
  why: 'A schema without a constraint takes any value of any size: no one can review, approve or bound it.',
  fix: 'Replace `z.any()` and `z.unknown()` by what the value may be.',
  example: {
    at: '/actions/add-comment/input/properties/text',
    bad: { description: 'What the comment says.' },
    good: { type: 'string', description: 'What the comment says.', maxLength: 400 },
    found: '/actions/add-comment/input/properties/text',
  },
  *check(manifest) {
    for (const place of listInputPlaces(manifest)) {
      // Conditions are no descriptions; what a `not` refuses may be anything.
      if (CONDITIONS.has(String(place.steps[0]))) continue;
      if (Object.keys(place.node).some((keyword) => SCHEMA_KEYWORDS.has(keyword) && !ANNOTATIONS.has(keyword)))
        continue;
      yield { path: pathOf(place), message: 'takes any value' };
    }
  },
});

const CONDITIONS = new Set(['not', 'if', 'then', 'else', '$defs', 'definitions']);

const ANNOTATIONS = new Set([
  '$schema',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);
