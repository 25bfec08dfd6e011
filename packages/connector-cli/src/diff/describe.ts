import type { Change } from '@org/connector-sdk/diff';
import type { Comparison } from './compare-sources.ts';

/** The connector and its two versions. */
export function titleOf({ before, after }: Comparison): string {
  const { id, version } = after.manifest;
  return before ? `${id} ${before.manifest.version} → ${version}` : `${id} ${version}, a new connector`;
}

/** Whether the new version says enough, in words. */
export function verdictOf({ before, after, verdict }: Comparison): string {
  if (!before) return 'There is no older version to compare with.';
  const { version } = after.manifest;
  const wanted = verdict.demanded === 'none' ? 'demand nothing' : `demand a ${verdict.demanded} release`;
  const least = verdict.demanded === 'none' ? '' : `: ${verdict.least} or higher`;
  switch (verdict.reason) {
    case 'enough':
      return verdict.demanded === 'none' ? 'Nothing changed.' : `The changes ${wanted}; ${version} is one.`;
    case 'too-low':
      return `The changes ${wanted}${least}; ${version} is too low.`;
    case 'not-raised':
      return `The changes ${wanted}${least}; the version is still ${version}.`;
    case 'lowered':
      return `${version} is lower than ${before.manifest.version}; versions only rise.`;
    case 'not-a-version':
      return `${before.manifest.version} or ${version} is no semantic version.`;
  }
}

/** How many of each, in words. The version itself does not count: it is in the title. */
export function countsOf(all: readonly Change[]): string {
  const changes = all.filter(isContent);
  const count = (weight: Change['class']) => changes.filter((change) => change.class === weight).length;
  const [breaking, features, fixes] = [count('breaking'), count('feature'), count('fix')];
  const guarded = changes.filter(({ security }) => security).length;
  const list = `${breaking} breaking, ${features} feature${features === 1 ? '' : 's'}, ${fixes} fix${fixes === 1 ? '' : 'es'}`;
  return guarded === 0 ? list : `${list}; ${guarded} of them security-relevant`;
}

export interface Group {
  readonly title: string;
  readonly changes: readonly Change[];
}

/** The changes in the order in which people should read them; a change is in one group. */
export function groupsOf(all: readonly Change[]): Group[] {
  const changes = all.filter(isContent);
  const groups: Group[] = [
    { title: 'Security-relevant', changes: changes.filter(({ security }) => security) },
    { title: 'Breaking', changes: changes.filter((change) => !change.security && change.class === 'breaking') },
    { title: 'Features', changes: changes.filter((change) => !change.security && change.class === 'feature') },
    { title: 'Fixes', changes: changes.filter((change) => !change.security && change.class === 'fix') },
  ];
  return groups.filter((group) => group.changes.length > 0);
}

function isContent({ kind }: Change): boolean {
  return kind !== 'version-changed';
}
