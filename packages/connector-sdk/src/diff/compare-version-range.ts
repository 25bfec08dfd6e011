import semver from 'semver';
import { toChange } from './change.ts';
import { type Compare, respelled } from './compare.ts';
import { quote } from './subject.ts';

/** Ranges of runtimes: whether each one that ran the old version runs the new one. What is no range counts as narrower. */
export const compareVersionRange: Compare<string> = (before, after, path) => {
  const wider = includes(after, before);
  if (wider && includes(before, after)) return [respelled(path, before, after)];
  const kind = wider ? 'engine-widened' : 'engine-narrowed';
  return [
    toChange(kind, path, before, after, `The connector ran on runtime ${quote(before)}, runs on ${quote(after)}`),
  ];
};

function includes(range: string, part: string): boolean {
  const options = { includePrerelease: true };
  if (semver.validRange(range) === null || semver.validRange(part) === null) return false;
  return semver.subset(part, range, options);
}
