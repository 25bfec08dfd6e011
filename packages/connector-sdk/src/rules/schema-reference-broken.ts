import { defineMeaningRule } from '../validation/rule.ts';
import { isNode, type SchemaNode } from '../validation/schema-keywords.ts';
import { listPlacesWith, pathOf, rootOf } from '../validation/schema-places.ts';

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
  if (ref === '#') return true;
  if (!ref.startsWith('#/')) return false;
  let at: unknown = root;
  for (const part of ref.slice(2).split('/')) {
    const key = decode(part);
    if (Array.isArray(at)) at = /^\d+$/.test(key) ? at[Number(key)] : undefined;
    else at = isNode(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return isNode(at) || typeof at === 'boolean';
}

/** A JSON pointer in a URI fragment (RFC 6901, section 6). */
function decode(part: string): string {
  let plain = part;
  try {
    plain = decodeURIComponent(part);
  } catch {
    // Not percent-encoded after all: it is taken as it stands.
  }
  return plain.replaceAll('~1', '/').replaceAll('~0', '~');
}
