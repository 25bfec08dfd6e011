import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../manifest.ts';
import { repairManifest } from './repair-manifest.ts';
import type { Profile } from './rule.ts';
import { rules } from './rule-set.ts';
import { toPointer, validateManifest } from './validate-manifest.ts';

const fixtures = join(import.meta.dirname, '../../../../fixtures');
const files = readdirSync(join(fixtures, 'manifests')).sort();
const golden = JSON.parse(readFileSync(join(fixtures, 'manifests-golden.json'), 'utf8')) as Record<
  string,
  Record<Profile, string[]>
>;

function read(file: string): Uint8Array {
  return readFileSync(join(fixtures, 'manifests', file));
}

function optionsFor(file: string, profile: Profile) {
  const released = join(fixtures, 'manifests-released', file);
  return { profile, ...(existsSync(released) ? { previous: parseManifest(readFileSync(released)) } : {}) };
}

function findings(file: string, profile: Profile): string[] {
  return validateManifest(read(file), optionsFor(file, profile)).map(
    ({ severity, ruleId, path, message }) => `${severity} ${ruleId} ${toPointer(path) || '(top)'}: ${message}`,
  );
}

describe('manifests that are broken on purpose', () => {
  it.each(files)('%s is found by the rule that it is named after, as it was before, twice', (file) => {
    const [rule = ''] = file.split('--');
    for (const profile of ['pr', 'release'] as const) {
      expect(findings(file, profile)).toEqual(golden[file]?.[profile]);
      expect(findings(file, profile)).toEqual(findings(file, profile));
    }
    expect(findings(file, 'release').some((line) => line.split(' ')[1] === rule)).toBe(true);
  });

  it('has golden results for these files and no others, and files for every rule', () => {
    expect(Object.keys(golden).sort()).toEqual(files);
    expect(files.length).toBeGreaterThanOrEqual(90);
    const named = new Set(files.map((file) => file.split('--')[0]));
    expect([...named].sort()).toEqual(rules.map(({ id }) => id).sort());
  });

  it('repairs what it calls repairable, and nothing else', () => {
    for (const file of files) {
      const options = optionsFor(file, 'release');
      const before = validateManifest(read(file), options);
      const { bytes, repaired } = repairManifest(read(file), options);
      const ids = (found: readonly { ruleId: string; repairable: boolean }[], repairable: boolean) =>
        [...new Set(found.filter((one) => one.repairable === repairable).map(({ ruleId }) => ruleId))].sort();
      const after = validateManifest(bytes, options);
      expect([file, ids(after, true)]).toEqual([file, []]);
      expect([file, ids(repaired, false)]).toEqual([file, []]);
      // What is mended no longer hides what it hid: a file that can be read at last has findings about meaning.
      expect([file, ids(after, false)]).toEqual([file, expect.arrayContaining(ids(before, false))]);
    }
  });
});
