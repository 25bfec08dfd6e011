import { defineMeaningRule } from '../validation/rule.ts';
import { isNode } from '../validation/schema-keywords.ts';
import { listInputPlaces, pathOf, rootOf, type SchemaPlace } from '../validation/schema-places.ts';

export const inputUndescribed = defineMeaningRule({
  id: 'input-undescribed',
  severity: 'warning',
  title: 'Every property that people fill in is described',
  why: 'The description is the label of the form, the line in the approval message, and what a model goes by.',
  fix: "Add `.describe('…')`.",
  example: {
    at: '/actions/add-comment/input/properties/text',
    bad: { type: 'string', maxLength: 400 },
    good: { type: 'string', maxLength: 400, description: 'What the comment says.' },
    found: '/actions/add-comment/input/properties/text',
  },
  *check(manifest) {
    for (const place of listInputPlaces(manifest)) {
      if (place.property === undefined || isDescribed(place)) continue;
      yield { path: pathOf(place), message: `"${place.property}" has no description` };
    }
  },
});

/** A reference may be described where it leads to. */
function isDescribed(place: SchemaPlace): boolean {
  const { description, $ref } = place.node;
  if (typeof description === 'string' && description.trim() !== '') return true;
  const [, name = ''] = typeof $ref === 'string' ? (/^#\/(?:\$defs|definitions)\/([^/]+)$/.exec($ref) ?? []) : [];
  const { $defs, definitions } = rootOf(place);
  const target = [$defs, definitions].map((map) => (isNode(map) && Object.hasOwn(map, name) ? map[name] : undefined));
  return target.some((node) => isNode(node) && typeof node.description === 'string');
}
