import { defineStructureRule } from '../validation/rule.ts';

export const jsonSyntax = defineStructureRule({
  id: 'json-syntax',
  severity: 'error',
  title: 'The manifest is JSON',
  why: 'Nothing else can be read as a manifest.',
  fix: 'Run `connector build` to write it again, or mend the JSON.',
  example: { badText: '{ "manifestVersion": 1, }', goodText: '{ "manifestVersion": 1 }' },
  codes: ['JSON_INVALID'],
});
