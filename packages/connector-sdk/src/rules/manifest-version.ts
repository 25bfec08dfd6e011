import { defineStructureRule } from '../validation/rule.ts';

export const manifestVersion = defineStructureRule({
  id: 'manifest-version',
  severity: 'error',
  title: 'The manifest version is known',
  why: 'A manifest of another version may mean something else by the same words.',
  fix: 'Use the `connector` command of the release that wrote it, or build it again with this one.',
  example: { at: '/manifestVersion', bad: 2, good: 1, found: '' },
  codes: ['MANIFEST_VERSION_UNKNOWN'],
});
