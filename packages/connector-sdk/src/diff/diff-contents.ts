import { type Change, toChange } from './change.ts';

/**
 * The differences between two artifacts beside their manifests: code that changed while what it declares did not still
 * is a new release.
 * @param before digest of each file, by name.
 */
export function diffContents(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [old, young] = [before[name], after[name]];
    if (old === young) return [];
    const what = old === undefined ? 'is new' : young === undefined ? 'is gone' : 'has other content';
    return [toChange('content-changed', [], old, young, `the file ${name} ${what}`)];
  });
}
