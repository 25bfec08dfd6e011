import { defineMeaningRule } from '../validation/rule.ts';
import { listPlacesWith, pathOf } from '../validation/schema-places.ts';

export const schemaDynamic = defineMeaningRule({
  id: 'schema-dynamic',
  severity: 'error',
  title: 'A schema has one meaning',
  why: 'Dynamic references, inner ids and vocabularies are read differently by validators: the one that reviewed it may accept what the one that runs it refuses.',
  fix: 'Use `$ref` to `#/$defs/name` only.',
  example: {
    at: '/actions/get-ticket/output/properties/text',
    bad: { $dynamicRef: '#text' },
    good: { type: 'string' },
    found: '/actions/get-ticket/output/properties/text/$dynamicRef',
  },
  *check(manifest) {
    for (const keyword of DYNAMIC) {
      for (const place of listPlacesWith(manifest, keyword)) {
        yield { path: pathOf(place, keyword), message: `"${keyword}" is not used in manifests` };
      }
    }
  },
});

const DYNAMIC = ['$id', '$anchor', '$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$recursiveAnchor', '$vocabulary'];
