import type { Manifest } from '../manifest.ts';
import { defineMeaningRule } from '../validation/rule.ts';

const MAX_DEPTH = 100;

/** Runs before the other rules, which walk schemas recursively and rely on it. */
export const nestingTooDeep = defineMeaningRule({
  id: 'nesting-too-deep',
  severity: 'error',
  title: 'Nothing is nested more than 100 levels deep',
  why: 'Readers of JSON run out of stack at different depths; some would crash on this manifest.',
  fix: 'Make the schema flatter.',
  *check(manifest) {
    if (isDeeperThan(manifest, MAX_DEPTH)) yield { path: [], message: `nested more than ${MAX_DEPTH} levels deep` };
  },
});

function isDeeperThan(manifest: Manifest, limit: number): boolean {
  let level: unknown[] = [manifest];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}
