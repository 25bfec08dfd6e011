import { defineMeaningRule } from '../validation/rule.ts';
import { SCHEMA_KEYWORDS } from '../validation/schema-keywords.ts';
import { listKeywords, listPlacesWith, pathOf } from '../validation/schema-places.ts';

export const schemaInvalid = defineMeaningRule({
  id: 'schema-invalid',
  severity: 'error',
  title: 'Every embedded schema is a JSON Schema (2020-12)',
  why: 'The runtime checks inputs and outputs with it; a schema that is not valid checks nothing.',
  fix: 'Derive it from a zod schema with `connector build` rather than writing it by hand.',
  example: {
    at: '/actions/get-ticket/output/properties/text',
    bad: { type: 'text' },
    good: { type: 'string' },
    found: '/actions/get-ticket/output/properties/text/type',
  },
  *check(manifest) {
    for (const keyword of listKeywords(manifest)) {
      const known = SCHEMA_KEYWORDS.get(keyword);
      for (const place of known ? listPlacesWith(manifest, keyword) : []) {
        if (known?.fits(place.node[keyword])) continue;
        yield { path: pathOf(place, keyword), message: `not a JSON Schema: "${keyword}" must be ${known?.expected}` };
      }
    }
  },
});
