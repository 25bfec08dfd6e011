import { defineMeaningRule } from '../validation/rule.ts';

export const markerWithoutResolve = defineMeaningRule({
  id: 'marker-without-resolve',
  severity: 'error',
  title: 'A write with a marker can look for it',
  why: 'After a lost reply only `resolve` can tell whether the write took effect; without it, it would be sent twice or never.',
  fix: 'Give the action a `resolve` function, or another idempotency mode.',
  example: {
    at: '/actions/add-comment/idempotency',
    bad: { mode: 'marker', settleSeconds: 10, resolve: false },
    good: { mode: 'marker', settleSeconds: 10, resolve: true },
    found: '/actions/add-comment/idempotency',
  },
  *check({ actions }) {
    for (const [key, { idempotency }] of Object.entries(actions)) {
      if (idempotency.mode !== 'marker' || idempotency.resolve) continue;
      yield { path: ['actions', key, 'idempotency'], message: `"${key}" leaves a marker but has no resolve` };
    }
  },
});
