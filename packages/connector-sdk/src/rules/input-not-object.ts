import { defineMeaningRule } from '../validation/rule.ts';
import { isNode, type SchemaNode } from '../validation/schema-keywords.ts';
import { listInputPlaces, pathOf } from '../validation/schema-places.ts';

export const inputNotObject = defineMeaningRule({
  id: 'input-not-object',
  severity: 'error',
  title: 'Inputs, configs, targets and secrets are objects',
  why: 'Forms, approval messages and tools for models name each value; a bare one has no name, and can never get a second beside it.',
  fix: 'Wrap it: `z.strictObject({ id: … })`.',
  example: {
    at: '/actions/get-ticket/input',
    bad: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'string', maxLength: 32 },
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
      if (place.parent || !isOther(place.node)) continue;
      yield { path: pathOf(place), message: `the ${place.role} is no object` };
    }
  },
});

/** True when the schema says that it takes something else than an object; one that says nothing is another rule's. */
function isOther({ type, anyOf, oneOf }: SchemaNode): boolean {
  if (type !== undefined) return type !== 'object';
  const branches = [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
  return branches.some((branch) => isNode(branch) && isOther(branch));
}
