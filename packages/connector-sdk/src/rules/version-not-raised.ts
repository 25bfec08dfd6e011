import { canonicalJson } from '../canonical-json.ts';
import type { Manifest } from '../manifest.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const versionNotRaised = defineMeaningRule({
  id: 'version-not-raised',
  releaseSeverity: 'error',
  title: 'A changed manifest has a higher version',
  why: 'Two different connectors under one version can not be told apart, and a lower one is refused as a rollback.',
  fix: 'Raise `version`; `connector diff` says by how much.',
  example: { at: '/version', previous: '1.4.0', bad: '1.3.9', good: '1.5.0', found: '/version' },
  *check(manifest, { previous }) {
    if (!previous || previous.id !== manifest.id) return;
    const order = compareVersions(manifest.version, previous.version);
    if (order > 0 || (order === 0 && isSame(manifest, previous))) return;
    yield { path: ['version'], message: `${manifest.version} is not above the last release, ${previous.version}` };
  },
});

function isSame(manifest: Manifest, previous: Manifest): boolean {
  return manifest === previous || canonicalJson(manifest) === canonicalJson(previous);
}

/** By semver 2.0.0, section 11. */
function compareVersions(one: string, other: string): number {
  const [core = '', ...pre] = one.split('-');
  const [otherCore = '', ...otherPre] = other.split('-');
  const order = compareParts(core, otherCore);
  if (order !== 0 || (pre.length === 0 && otherPre.length === 0)) return order;
  if (pre.length === 0 || otherPre.length === 0) return pre.length === 0 ? 1 : -1;
  return compareParts(pre.join('-'), otherPre.join('-'));
}

function compareParts(one: string, other: string): number {
  const [parts, others] = [one.split('.'), other.split('.')];
  for (let index = 0; index < Math.max(parts.length, others.length); index += 1) {
    const [part, against] = [parts[index], others[index]];
    if (part === against) continue;
    if (part === undefined || against === undefined) return part === undefined ? -1 : 1;
    const [number, otherNumber] = [/^\d+$/.test(part), /^\d+$/.test(against)];
    if (number && otherNumber) return part.length - against.length || (part < against ? -1 : 1);
    if (number !== otherNumber) return number ? -1 : 1;
    return part < against ? -1 : 1;
  }
  return 0;
}
