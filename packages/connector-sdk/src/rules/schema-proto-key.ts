import { defineMeaningRule } from '../validation/rule.ts';
import { listPlaces, pathOf } from '../validation/schema-places.ts';

export const schemaProtoKey = defineMeaningRule({
  id: 'schema-proto-key',
  severity: 'error',
  title: 'No property has a name that objects have already',
  why: 'Code that copies a value with a property `__proto__`, `constructor` or `prototype` can be made to change other objects.',
  fix: 'Give the property another name.',
  example: {
    at: '/actions/get-ticket/output/properties',
    bad: { id: { type: 'string' }, constructor: { type: 'string' } },
    good: { id: { type: 'string' }, builder: { type: 'string' } },
    found: '/actions/get-ticket/output/properties/constructor',
  },
  *check(manifest) {
    for (const place of listPlaces(manifest)) {
      if (place.property === undefined || !DANGEROUS.has(place.property)) continue;
      yield { path: pathOf(place), message: `"${place.property}" is a dangerous name for a property` };
    }
  },
});

const DANGEROUS = new Set(['__proto__', 'constructor', 'prototype']);
