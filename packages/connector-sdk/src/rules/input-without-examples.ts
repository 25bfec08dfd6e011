import { exampleSchema } from '../validation/example-parts.ts';
import { defineMeaningRule } from '../validation/rule.ts';
import type { SchemaNode } from '../validation/schema-keywords.ts';
import { listInputPlaces, pathOf, type SchemaPlace } from '../validation/schema-places.ts';

export const inputWithoutExamples = defineMeaningRule({
  id: 'input-without-examples',
  releaseSeverity: 'warning',
  title: 'An action’s input has an example',
  why: 'People and models copy examples; the reference that `connector docs` writes shows them.',
  fix: 'Add `.meta({ examples: [{ … }] })` to the input, or an example to each property.',
  example: {
    at: '/actions/get-ticket/input',
    bad: exampleSchema(),
    good: { ...exampleSchema(), examples: [{ id: '0123456789abcdef0123456789abcdef' }] },
    found: '/actions/get-ticket/input',
  },
  *check(manifest) {
    const places = listInputPlaces(manifest).filter(({ role }) => role === 'input');
    const lacking = new Set<SchemaPlace>();
    for (const place of places) {
      if (place.property === undefined || showsItself(place.node) || hasExample(place)) continue;
      lacking.add(topOf(place));
    }
    for (const place of lacking) yield { path: pathOf(place), message: 'the input has no example' };
  },
});

function topOf(place: SchemaPlace): SchemaPlace {
  let at = place;
  while (at.parent) at = at.parent;
  return at;
}

function hasExample(place: SchemaPlace): boolean {
  let at: SchemaPlace | undefined = place;
  for (; at; at = at.parent) if (Array.isArray(at.node.examples) && at.node.examples.length > 0) return true;
  return false;
}

/** What can be filled in without having seen one. */
function showsItself(node: SchemaNode): boolean {
  return 'enum' in node || 'const' in node || 'default' in node || node.type === 'boolean' || node.type === 'object';
}
