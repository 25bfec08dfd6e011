import { defineStructureRule } from '../validation/rule.ts';

export const jsonDuplicateKey = defineStructureRule({
  id: 'json-duplicate-key',
  severity: 'error',
  title: 'No object has a key twice',
  why: 'Some readers take the first and some the last: what was reviewed would not be what runs.',
  fix: 'Remove one of the two.',
  example: { badText: '{ "risk": "low", "risk": "high" }', goodText: '{ "risk": "high" }' },
  codes: ['JSON_DUPLICATE_KEY'],
});
