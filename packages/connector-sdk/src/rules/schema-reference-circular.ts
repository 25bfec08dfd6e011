import { listCycles } from '../validation/cycles.ts';
import { defineMeaningRule } from '../validation/rule.ts';
import { isNode } from '../validation/schema-keywords.ts';
import { listPlaces, listPlacesWith, pathOf, rootOf, type SchemaPlace } from '../validation/schema-places.ts';
import { followReference } from '../validation/schema-pointer.ts';

export const schemaReferenceCircular = defineMeaningRule({
  id: 'schema-reference-circular',
  severity: 'error',
  title: 'No `$ref` leads back to itself without a value in between',
  why: 'A validator that follows it never ends: one such schema stops the process that loads it.',
  fix: 'Remove the loop; a tree refers to itself from inside `items` or `properties`.',
  example: {
    at: '/actions/get-ticket/output/$defs',
    bad: { text: { anyOf: [{ type: 'string' }, { $ref: '#/$defs/text' }] } },
    good: { text: { anyOf: [{ type: 'string' }, { type: 'array', items: { $ref: '#/$defs/text' } }] } },
    found: '/actions/get-ticket/output/$defs/text/anyOf/1/$ref',
  },
  *check(manifest) {
    const places = listPlacesWith(manifest, '$ref');
    if (places.length === 0) return;
    const byNode = new Map(listPlaces(manifest).map((place) => [place.node, place]));
    const cycles = listCycles(places, (place) => nextFrom(place, byNode));
    const circular = new Set(cycles.flatMap((cycle) => [...cycle]));
    for (const place of places) {
      if (circular.has(place)) yield { path: pathOf(place, '$ref'), message: 'the reference leads back to itself' };
    }
  },
});

/** What is checked at the same value: references and the branches of a schema, not its members. */
function nextFrom(place: SchemaPlace, byNode: ReadonlyMap<unknown, SchemaPlace>): SchemaPlace[] {
  const { $ref, allOf, anyOf, oneOf, not, if: condition, then, else: otherwise } = place.node;
  const nodes = [allOf, anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
  nodes.push(not, condition, then, otherwise);
  for (const map of [place.node.dependentSchemas, place.node.dependencies]) {
    if (isNode(map)) nodes.push(...Object.values(map));
  }
  if (typeof $ref === 'string') nodes.push(followReference(rootOf(place), $ref));
  return nodes.flatMap((node) => byNode.get(node) ?? []);
}
