import { defineMeaningRule } from '../validation/rule.ts';
import { isNode, type SchemaNode } from '../validation/schema-keywords.ts';
import { listPlacesWith, pathOf } from '../validation/schema-places.ts';

export const schemaImpossible = defineMeaningRule({
  id: 'schema-impossible',
  severity: 'error',
  title: 'Every schema accepts some value',
  why: 'Bounds that cross, an empty enum, or a required property that is not allowed refuse every input: the action can never run.',
  fix: 'Put the bounds in order; declare each required property in `properties`.',
  example: {
    at: '/actions/get-ticket/output/properties/text',
    bad: { type: 'string', minLength: 40, maxLength: 4 },
    good: { type: 'string', minLength: 4, maxLength: 40 },
    found: '/actions/get-ticket/output/properties/text/minLength',
  },
  *check(manifest) {
    for (const [least, most] of BOUNDS) {
      for (const place of listPlacesWith(manifest, least)) {
        const { [least]: low, [most]: high } = place.node;
        if (typeof low !== 'number' || typeof high !== 'number' || low <= high) continue;
        yield { path: pathOf(place, least), message: `${least} ${low} is above ${most} ${high}` };
      }
    }
    for (const place of listPlacesWith(manifest, 'enum')) {
      const { enum: values } = place.node;
      if (Array.isArray(values) && values.length === 0) {
        yield { path: pathOf(place, 'enum'), message: 'the list of values is empty' };
      }
    }
    for (const place of listPlacesWith(manifest, 'required')) {
      for (const [index, name] of listForbidden(place.node)) {
        yield { path: pathOf(place, 'required', index), message: `"${name}" is required and not allowed` };
      }
    }
  },
});

const BOUNDS = [
  ['minLength', 'maxLength'],
  ['minimum', 'maximum'],
  ['minItems', 'maxItems'],
  ['minProperties', 'maxProperties'],
] as const;

function listForbidden({ required, properties, patternProperties, additionalProperties }: SchemaNode) {
  if (additionalProperties !== false || patternProperties !== undefined || !Array.isArray(required)) return [];
  const declared = isNode(properties) ? properties : {};
  return [...required.entries()].filter(([, name]) => typeof name === 'string' && !Object.hasOwn(declared, name));
}
