import semver from 'semver';
import type { Change } from './change.ts';
import type { ChangeClass } from './change-kinds.ts';

/** The least that a version must rise by. `none`: nothing changed but, perhaps, the version itself. */
export type Bump = 'major' | 'minor' | 'patch' | 'none';

const CLASS_BUMPS: Readonly<Record<ChangeClass, Bump>> = { breaking: 'major', feature: 'minor', fix: 'patch' };
const BUMPS: readonly Bump[] = ['none', 'patch', 'minor', 'major'];

/** What the changes demand by semver 2.0.0, for versions from 1.0.0 on. More changes never demand less. */
export function demandedBump(changes: readonly Pick<Change, 'class' | 'kind'>[]): Bump {
  const ranks = changes
    .filter(({ kind }) => kind !== 'version-changed')
    .map((change) => BUMPS.indexOf(CLASS_BUMPS[change.class]));
  return BUMPS[Math.max(0, ...ranks)] ?? 'none';
}

export interface VersionVerdict {
  readonly ok: boolean;
  /** What the changes demand of this version: below 1.0.0 what is breaking demands a minor, all else a patch. */
  readonly demanded: Bump;
  /** The least version that would do; undefined when the old one is no version. */
  readonly least: string | undefined;
  readonly reason: 'enough' | 'too-low' | 'not-raised' | 'lowered' | 'not-a-version';
}

/**
 * Whether a new version tells enough about the changes since the old one.
 *
 * A pre-release counts as the release that it leads to: 2.0.0-rc.1 is a major above 1.4.0. From one pre-release to the
 * next, what the release they lead to may hold anyway demands no more than a higher pre-release: between 2.0.0-rc.1 and
 * 2.0.0-rc.2 anything may change, between 1.4.1-rc.1 and 1.4.1 only fixes.
 */
export function judgeVersion(
  before: string,
  after: string,
  changes: readonly Pick<Change, 'class' | 'kind'>[],
): VersionVerdict {
  const [old, young] = [semver.parse(before), semver.parse(after)];
  const bump = demandedBump(changes);
  if (!old || !young) return { ok: false, demanded: bump, least: undefined, reason: 'not-a-version' };
  const demanded = old.major === 0 ? INITIAL_BUMPS[bump] : bump;
  const core = demanded === 'none' ? undefined : (semver.inc(before, demanded) ?? undefined);
  // A pre-release of what is demanded is the least of all.
  const verdict = (ok: boolean, reason: VersionVerdict['reason']) => ({ ok, demanded, least: core ?? before, reason });
  const order = semver.compare(young, old);
  if (order < 0) return verdict(false, 'lowered');
  if (core === undefined) return verdict(true, 'enough');
  if (order === 0) return verdict(false, 'not-raised');
  const release = `${young.major}.${young.minor}.${young.patch}`;
  return semver.lt(release, core) ? verdict(false, 'too-low') : verdict(true, 'enough');
}

const INITIAL_BUMPS: Readonly<Record<Bump, Bump>> = { major: 'minor', minor: 'patch', patch: 'patch', none: 'none' };
