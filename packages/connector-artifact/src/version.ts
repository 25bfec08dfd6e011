/** A version without build metadata (semver 2.0.0, 2 and 9). */
export const VERSION_PATTERN =
  /^(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?$/;

/** True when `a` has lower precedence than `b` (semver 2.0.0, 11). Both must fit `VERSION_PATTERN`. */
export function isOlderVersion(a: string, b: string): boolean {
  const [coreA, preA] = split(a);
  const [coreB, preB] = split(b);
  const core = compareLists(coreA, coreB);
  if (core !== 0) return core < 0;
  if (preA.length === 0 || preB.length === 0) return preA.length > 0 && preB.length === 0;
  return compareLists(preA, preB) < 0;
}

function split(version: string): [core: string[], prerelease: string[]] {
  const dash = version.indexOf('-');
  if (dash === -1) return [version.split('.'), []];
  return [version.slice(0, dash).split('.'), version.slice(dash + 1).split('.')];
}

function compareLists(a: string[], b: string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const [left, right] = [a[i], b[i]];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (left !== right) return compareIdentifiers(left, right);
  }
  return 0;
}

/** Numbers by value and before words; words by code point. */
function compareIdentifiers(a: string, b: string): number {
  const [numericA, numericB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numericA !== numericB) return numericA ? -1 : 1;
  if (numericA && a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}
