import fc from 'fast-check';
import semver from 'semver';
import { describe, expect, it } from 'vitest';
import type { ChangeClass } from './index.ts';
import { demandedBump, judgeVersion } from './index.ts';

const change = (kind: ChangeClass) => ({ class: kind, kind: 'unclassified' }) as const;
const NONE = [{ class: 'fix', kind: 'version-changed' }] as const;
const FIX = [change('fix')];
const FEATURE = [change('fix'), change('feature')];
const BREAKING = [change('breaking'), change('fix')];

describe('judgeVersion', () => {
  it.each([
    ['1.4.0', '1.4.0', NONE, 'enough', 'none', '1.4.0'],
    ['1.4.0', '1.4.1', NONE, 'enough', 'none', '1.4.0'],
    ['1.4.0', '1.3.9', NONE, 'lowered', 'none', '1.4.0'],
    ['1.4.0', '1.4.0', FIX, 'not-raised', 'patch', '1.4.1'],
    ['1.4.0', '1.4.1', FIX, 'enough', 'patch', '1.4.1'],
    ['1.4.0', '1.4.1', FEATURE, 'too-low', 'minor', '1.5.0'],
    ['1.4.0', '1.5.0', FEATURE, 'enough', 'minor', '1.5.0'],
    ['1.4.0', '2.0.0', FEATURE, 'enough', 'minor', '1.5.0'],
    ['1.4.0', '1.5.0', BREAKING, 'too-low', 'major', '2.0.0'],
    ['1.4.0', '2.0.0', BREAKING, 'enough', 'major', '2.0.0'],
    ['2.0.0', '1.9.9', BREAKING, 'lowered', 'major', '3.0.0'],
    // Below 1.0.0
    ['0.4.2', '0.4.3', FEATURE, 'enough', 'patch', '0.4.3'],
    ['0.4.2', '0.4.3', BREAKING, 'too-low', 'minor', '0.5.0'],
    ['0.4.2', '0.5.0', BREAKING, 'enough', 'minor', '0.5.0'],
    ['0.0.3', '0.0.4', BREAKING, 'too-low', 'minor', '0.1.0'],
    ['0.9.0', '1.0.0', BREAKING, 'enough', 'minor', '0.10.0'],
    // Pre-releases
    ['1.4.0', '2.0.0-rc.1', BREAKING, 'enough', 'major', '2.0.0'],
    ['1.4.0', '1.5.0-rc.1', BREAKING, 'too-low', 'major', '2.0.0'],
    ['1.4.0', '1.4.0-rc.1', NONE, 'lowered', 'none', '1.4.0'],
    ['2.0.0-rc.1', '2.0.0-rc.2', BREAKING, 'enough', 'major', '2.0.0'],
    ['2.0.0-rc.1', '2.0.0-rc.1', FIX, 'not-raised', 'patch', '2.0.0'],
    ['2.0.0-rc.10', '2.0.0-rc.9', FIX, 'lowered', 'patch', '2.0.0'],
    ['1.5.0-rc.1', '1.5.0', FEATURE, 'enough', 'minor', '1.5.0'],
    ['1.5.0-rc.1', '1.5.0', BREAKING, 'too-low', 'major', '2.0.0'],
    ['1.4.1-rc.1', '1.4.1', FEATURE, 'too-low', 'minor', '1.5.0'],
    ['1.4.1-rc.1', '1.4.1', FIX, 'enough', 'patch', '1.4.1'],
    ['one', '1.0.0', FIX, 'not-a-version', 'patch', undefined],
  ] as const)('%s → %s with %j: %s', (before, after, changes, reason, demanded, least) => {
    expect(judgeVersion(before, after, changes)).toEqual({ ok: reason === 'enough', reason, demanded, least });
  });

  it('is content with the least version that it names, and with every higher one', () => {
    const number = fc.nat(3);
    const version = fc
      .tuple(number, number, number, fc.constantFrom('', '-rc.1', '-0'))
      .map(([major, minor, patch, pre]) => `${major}.${minor}.${patch}${pre}`);
    fc.assert(
      fc.property(version, version, fc.constantFrom(FIX, FEATURE, BREAKING), (before, after, changes) => {
        const { least, ok } = judgeVersion(before, after, changes);
        expect(judgeVersion(before, least ?? '', changes).ok).toBe(true);
        if (semver.gte(after, least ?? '')) expect(ok).toBe(true);
      }),
    );
  });

  it('never accepts for more what it refuses for less', () => {
    const classes = fc.array(fc.constantFrom<ChangeClass>('breaking', 'feature', 'fix'), { minLength: 1 });
    const version = fc.constantFrom(
      '0.1.0',
      '0.1.1',
      '0.2.0',
      '1.0.0',
      '1.0.1-rc.1',
      '1.0.1',
      '1.1.0',
      '2.0.0-rc.1',
      '2.0.0',
    );
    fc.assert(
      fc.property(classes, classes, version, version, (some, more, before, after) => {
        const [less, all] = [some.map(change), [...some, ...more].map(change)];
        if (judgeVersion(before, after, all).ok) expect(judgeVersion(before, after, less).ok).toBe(true);
        const rank = (list: typeof all) => ['none', 'patch', 'minor', 'major'].indexOf(demandedBump(list));
        expect(rank(all)).toBeGreaterThanOrEqual(rank(less));
      }),
    );
  });
});
