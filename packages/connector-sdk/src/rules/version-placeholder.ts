import { defineMeaningRule } from '../validation/rule.ts';

export const versionPlaceholder = defineMeaningRule({
  id: 'version-placeholder',
  releaseSeverity: 'error',
  title: 'A release has a version',
  why: 'Trust policies set version floors, and 0.0.0 is what a package has before it was ever released.',
  fix: 'Release with the version that `connector diff` demands, 0.1.0 for the first.',
  example: { at: '/version', bad: '0.0.0', good: '0.1.0', found: '/version' },
  *check({ version }) {
    if (/^0\.0\.0(?:-|$)/.test(version)) yield { path: ['version'], message: `${version} is not a release` };
  },
});
