import { defineMeaningRule, type Json } from '../validation/rule.ts';

const MAX_DEPTH = 100;

/** Runs before the other rules, which walk schemas recursively and rely on it. */
export const nestingTooDeep = defineMeaningRule({
  id: 'nesting-too-deep',
  severity: 'error',
  title: 'Nothing is nested more than 100 levels deep',
  why: 'Readers of JSON run out of stack at different depths; some would crash on this manifest.',
  fix: 'Make the schema flatter.',
  example: { at: '/actions/get-ticket/output/properties/text', bad: nest(120), good: nest(2), found: '' },
  *check(manifest) {
    if (isDeeperThan(manifest, MAX_DEPTH)) yield { path: [], message: `nested more than ${MAX_DEPTH} levels deep` };
  },
});

function isDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  for (const item of Object.values(value)) if (isDeeperThan(item, limit - 1)) return true;
  return false;
}

function nest(levels: number): Json {
  return levels === 0 ? { type: 'string' } : { type: 'array', items: nest(levels - 1) };
}
