const NUMBER = '(?:0|[1-9][0-9]{0,8})';
const PRERELEASE_PART = '(?:0|[1-9][0-9]{0,8}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)';
const PRERELEASE = `(?:-${PRERELEASE_PART}(?:\\.${PRERELEASE_PART})*)?`;
const COMPARATOR = `(?:(?:[<>]=?|[=^~])?${NUMBER}(?:\\.${NUMBER}(?:\\.${NUMBER}${PRERELEASE})?)?|${NUMBER}(?:\\.${NUMBER})?\\.x|\\*)`;
const SET = `${COMPARATOR}(?: ${COMPARATOR}){0,4}`;

/** A version of semver 2.0.0 without build metadata, in numbers that every implementation holds. */
export const VERSION = new RegExp(`^(?=.{1,64}$)${NUMBER}\\.${NUMBER}\\.${NUMBER}${PRERELEASE}$`, 'u');

/**
 * The ranges that `engines` takes, a part of what npm's `semver` reads so that one pattern holds in every validator: comparators
 * (`>=1.2.0`, `<2.0.0`, `^1.2.0`, `~1.2.0`, `1.2.0`, also with parts left out: `^1`), `1.x` and `*`, joined by one space
 * (all of them) and ` || ` (one of them). At most 100 characters; no hyphen ranges.
 */
export const ENGINE_RANGE = new RegExp(`^(?=.{1,100}$)${SET}(?: \\|\\| ${SET}){0,4}$`, 'u');
