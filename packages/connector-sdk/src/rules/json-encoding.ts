import { defineStructureRule } from '../validation/rule.ts';

export const jsonEncoding = defineStructureRule({
  id: 'json-encoding',
  severity: 'error',
  title: 'The manifest is UTF-8 without a byte-order mark',
  why: 'A manifest is signed byte for byte; readers that guess at encodings would see different manifests.',
  fix: 'Run `connector build`, which writes it, or save the file as UTF-8 without a byte-order mark.',
  codes: ['JSON_NOT_UTF8'],
});
