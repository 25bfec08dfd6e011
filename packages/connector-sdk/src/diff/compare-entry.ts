import { type Change, type Path, toChange } from './change.ts';
import type { ChangeKind } from './change-kinds.ts';
import { type Compare, compareList } from './compare.ts';
import { isSameJson } from './same-json.ts';
import { plain, quote, subjectOf } from './subject.ts';

interface Deprecation {
  readonly since: string;
  readonly use?: string | undefined;
}

/** What actions, triggers, approval channels and the connector itself have in common. */
export interface Entry {
  readonly title: string;
  readonly deprecated?: Deprecation | undefined;
}

/** The scopes that something needs. */
export const compareNeededScopes = compareList({
  added: 'scope-required',
  removed: 'scope-not-required',
  what: 'scope',
});

export const compareDeprecation: Compare<Deprecation | undefined> = (before, after, path) => {
  const who = subjectOf(path);
  if (!after) return [toChange('deprecation-withdrawn', path, before, after, `${who} is no longer deprecated`)];
  const instead = after.use === undefined ? '' : `; use ${quote(after.use)}`;
  const message = `${who} is deprecated since ${plain(after.since)}${instead}`;
  return [toChange(before ? 'deprecation-changed' : 'deprecated', path, before, after, message)];
};

/** Something that only the old manifest has: it says whether callers were warned, and what it may have become. */
export function removedEntry(kinds: { readonly warned: ChangeKind; readonly unwarned: ChangeKind }, renamed: Renames) {
  return (entry: Entry, path: Path, key: string): Change[] => {
    const warned = entry.deprecated;
    const became = renamed.get(key);
    const message = [
      `${subjectOf(path)} is gone`,
      warned ? `, deprecated since ${plain(warned.since)}` : ' and was not deprecated before',
      became === undefined ? '' : `; "${became}", which is new, declares the same`,
    ].join('');
    return [toChange(warned ? kinds.warned : kinds.unwarned, path, entry, undefined, message)];
  };
}

/** Old keys to new ones. */
export type Renames = ReadonlyMap<string, string>;

/** Entries that are gone and came back under another key with the same declaration; only where there is one candidate. */
export function findRenames<E extends Entry>(
  before: Readonly<Record<string, E>>,
  after: Readonly<Record<string, E>>,
): Renames {
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  const fresh = Object.keys(after).filter((key) => !Object.hasOwn(before, key));
  const same = (old: string, young: string) => isSameJson(withoutWords(before[old]), withoutWords(after[young]));
  return new Map(
    gone.flatMap((old): [string, string][] => {
      const [only, ...others] = fresh.filter((young) => same(old, young));
      const contested = gone.some((rival) => rival !== old && only !== undefined && same(rival, only));
      return only === undefined || others.length > 0 || contested ? [] : [[old, only]];
    }),
  );
}

function withoutWords(entry: Entry | undefined): unknown {
  if (!entry) return undefined;
  const { title: _title, deprecated: _deprecated, ...rest } = entry;
  return { ...rest, description: undefined };
}
