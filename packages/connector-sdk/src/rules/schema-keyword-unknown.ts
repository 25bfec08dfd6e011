import { defineMeaningRule } from '../validation/rule.ts';
import { SCHEMA_KEYWORDS } from '../validation/schema-keywords.ts';
import { listKeywords, listPlacesWith, pathOf } from '../validation/schema-places.ts';

export const schemaKeywordUnknown = defineMeaningRule({
  id: 'schema-keyword-unknown',
  severity: 'warning',
  title: 'Every keyword of a schema is one of JSON Schema',
  why: 'An unknown keyword is ignored: a misspelt `maxlength` bounds nothing.',
  fix: 'Correct the spelling; keep notes of your own under a name that begins with `x-`.',
  example: {
    at: '/actions/get-ticket/output/properties/text',
    bad: { type: 'string', maxlength: 40 },
    good: { type: 'string', maxLength: 40 },
    found: '/actions/get-ticket/output/properties/text/maxlength',
  },
  *check(manifest) {
    for (const keyword of listKeywords(manifest)) {
      if (SCHEMA_KEYWORDS.has(keyword) || keyword.startsWith('x-')) continue;
      for (const place of listPlacesWith(manifest, keyword)) {
        yield { path: pathOf(place, keyword), message: `"${keyword}" is no keyword of JSON Schema` };
      }
    }
  },
});
