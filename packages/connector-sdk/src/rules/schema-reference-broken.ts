import { defineMeaningRule } from '../validation/rule.ts';
import { isNode, type SchemaNode } from '../validation/schema-keywords.ts';
import { listPlacesWith, pathOf, rootOf } from '../validation/schema-places.ts';
import { followReference } from '../validation/schema-pointer.ts';

export const schemaReferenceBroken = defineMeaningRule({
  id: 'schema-reference-broken',
  severity: 'error',
  title: 'Every `$ref` leads to a schema in the same schema',
  why: 'Manifests are checked and run offline: what is fetched from elsewhere could change after it was signed.',
  fix: 'Put the schema into `$defs` and refer to it by `#/$defs/name`.',
  example: {
    at: '/actions/get-ticket/output/properties/text',
    bad: { $ref: 'https://desk.example/schemas/text.json' },
    good: { type: 'string' },
    found: '/actions/get-ticket/output/properties/text/$ref',
  },
  *check(manifest) {
    for (const place of listPlacesWith(manifest, '$ref')) {
      const { $ref } = place.node;
      if (typeof $ref !== 'string' || leadsToSchema(rootOf(place), $ref)) continue;
      yield { path: pathOf(place, '$ref'), message: `"${$ref}" leads to no schema in here` };
    }
  },
});

function leadsToSchema(root: SchemaNode, ref: string): boolean {
  const target = followReference(root, ref);
  return isNode(target) || typeof target === 'boolean';
}
