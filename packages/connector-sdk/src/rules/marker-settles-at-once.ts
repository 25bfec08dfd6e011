import { defineMeaningRule } from '../validation/rule.ts';

export const markerSettlesAtOnce = defineMeaningRule({
  id: 'marker-settles-at-once',
  severity: 'warning',
  title: 'A marker is given time to appear',
  why: 'A server may still be writing when its reply is lost: looking for the marker too early finds nothing, and the write is sent twice.',
  fix: 'Set `settleSeconds` to the vendor’s longest request time (ServiceNow: 300).',
  example: {
    at: '/actions/add-comment/idempotency',
    bad: { mode: 'marker', settleSeconds: 0, resolve: true },
    good: { mode: 'marker', settleSeconds: 10, resolve: true },
    found: '/actions/add-comment/idempotency',
  },
  *check({ actions }) {
    for (const [key, { idempotency }] of Object.entries(actions)) {
      if (idempotency.mode !== 'marker' || (idempotency.settleSeconds ?? 0) > 0) continue;
      yield { path: ['actions', key, 'idempotency'], message: `"${key}" takes an absent marker as proof at once` };
    }
  },
});
