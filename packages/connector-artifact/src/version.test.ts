import { expect, it } from 'vitest';
import { isOlderVersion, VERSION_PATTERN } from './version.ts';

/** The order that semver 2.0.0, 11 gives as its examples. */
const ASCENDING = [
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.beta',
  '1.0.0-beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0',
  '1.2.0',
  '1.10.0',
  '2.0.0',
];

it('orders versions as semver does', () => {
  for (const [i, a] of ASCENDING.entries()) {
    for (const [j, b] of ASCENDING.entries()) expect([a, b, isOlderVersion(a, b)]).toEqual([a, b, i < j]);
  }
});

it.each(['1', '1.0', '01.0.0', '1.0.0-', '1.0.0-01', '1.0.0+build', 'v1.0.0', '1.0.0\n'])(
  'does not take %j for a version',
  (text) => {
    expect(VERSION_PATTERN.test(text)).toBe(false);
  },
);
