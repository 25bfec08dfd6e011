import { defineMeaningRule } from '../validation/rule.ts';

export const versionPrerelease = defineMeaningRule({
  id: 'version-prerelease',
  releaseSeverity: 'warning',
  title: 'A release is not a pre-release',
  why: 'A version such as 1.4.0-rc.1 sorts below 1.4.0 and is not picked by ranges: most platforms will never load it.',
  fix: 'Remove the part behind the hyphen, or keep it when this is meant for testers.',
  example: { at: '/version', bad: '1.4.0-rc.1', good: '1.4.0', found: '/version' },
  *check({ version }) {
    if (version.includes('-')) yield { path: ['version'], message: `${version} is a pre-release` };
  },
});
