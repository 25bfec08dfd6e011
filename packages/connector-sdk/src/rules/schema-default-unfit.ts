import { defineMeaningRule } from '../validation/rule.ts';
import type { SchemaNode } from '../validation/schema-keywords.ts';
import { allowsType, listPlacesWith, pathOf } from '../validation/schema-places.ts';

export const schemaDefaultUnfit = defineMeaningRule({
  id: 'schema-default-unfit',
  severity: 'error',
  title: 'Defaults and examples fit their schema',
  why: 'A default that the schema refuses fails every call that relies on it; a wrong example is copied.',
  fix: 'Correct the value or the schema.',
  example: {
    at: '/actions/add-comment/input/properties/limit',
    bad: { type: 'integer', description: 'How many.', minimum: 1, maximum: 100, default: 500 },
    good: { type: 'integer', description: 'How many.', minimum: 1, maximum: 100, default: 50 },
    found: '/actions/add-comment/input/properties/limit/default',
  },
  *check(manifest) {
    for (const place of listPlacesWith(manifest, 'default')) {
      if (isPlausible(place.node, allowedBy(place.node), place.node.default)) continue;
      yield { path: pathOf(place, 'default'), message: 'the default does not fit its schema' };
    }
    for (const place of listPlacesWith(manifest, 'examples')) {
      const { node } = place;
      const allowed = allowedBy(node);
      for (const [index, value] of Array.isArray(node.examples) ? node.examples.entries() : []) {
        if (isPlausible(node, allowed, value)) continue;
        yield { path: pathOf(place, 'examples', index), message: 'the example does not fit its schema' };
      }
    }
  },
});

/** Looked up for each example: a list would be walked each time. */
function allowedBy(node: SchemaNode): ReadonlySet<unknown> | undefined {
  return Array.isArray(node.enum) ? new Set(node.enum) : undefined;
}

/** What can be said without a whole validator: type, bounds, enum, and the names of an object's properties. */
function isPlausible(node: SchemaNode, allowed: ReadonlySet<unknown> | undefined, value: unknown): boolean {
  if (allowed && isScalar(value) && !allowed.has(value)) return false;
  if (node.type !== undefined && !typesOf(value).some((type) => allowsType(node, type))) return false;
  if (typeof value === 'number') return isWithin(value, node.minimum, node.maximum);
  if (typeof value === 'string') return isWithin([...value].length, node.minLength, node.maxLength);
  if (Array.isArray(value)) return isWithin(value.length, node.minItems, node.maxItems);
  if (typeof value !== 'object' || value === null) return true;
  const missing = Array.isArray(node.required) && node.required.some((name) => !Object.hasOwn(value, String(name)));
  return !missing;
}

function isWithin(size: number, least: unknown, most: unknown): boolean {
  return !(typeof least === 'number' && size < least) && !(typeof most === 'number' && size > most);
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function typesOf(value: unknown): string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number'];
  return [typeof value];
}
