import { defineMeaningRule } from '../validation/rule.ts';
import { allowsType, listInputPlaces, pathOf, type SchemaPlace } from '../validation/schema-places.ts';

export const inputOpenObject = defineMeaningRule({
  id: 'input-open-object',
  severity: 'warning',
  releaseSeverity: 'error',
  title: 'Objects of an input take declared properties only',
  why: 'An approver sees what the schema declares; anything else could ride along to the vendor unseen, and a mistyped name is swallowed.',
  fix: 'Use `z.strictObject`, or `z.record` with a schema of its values.',
  example: {
    at: '/actions/get-ticket/input',
    bad: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { id: { type: 'string', description: 'The id.', maxLength: 32 } },
    },
    good: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { id: { type: 'string', description: 'The id.', maxLength: 32 } },
      additionalProperties: false,
    },
    found: '/actions/get-ticket/input',
  },
  *check(manifest) {
    for (const place of listInputPlaces(manifest)) {
      const { node } = place;
      if (!allowsType(node, 'object') || 'const' in node || 'enum' in node || isClosed(place)) continue;
      yield { path: pathOf(place), message: 'the object takes properties that are not declared' };
    }
  },
});

/** Parts of `allOf` may be open when what they are parts of is closed by `unevaluatedProperties`. */
function isClosed({ node, parent, steps }: SchemaPlace): boolean {
  const { additionalProperties, unevaluatedProperties } = node;
  if (unevaluatedProperties === false) return true;
  if (additionalProperties !== undefined && additionalProperties !== true) return true;
  return parent !== undefined && ['allOf', 'anyOf', 'oneOf'].includes(String(steps[0])) && isClosed(parent);
}
