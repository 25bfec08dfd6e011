import { defineStructureRule } from '../validation/rule.ts';

export const manifestSchema = defineStructureRule({
  id: 'manifest-schema',
  severity: 'error',
  title: 'The manifest fits its JSON Schema',
  why: 'The runtime refuses a manifest with missing, unknown or malformed members.',
  fix: 'Correct the member in the definition and run `connector build`.',
  codes: ['MANIFEST_INVALID'],
});
