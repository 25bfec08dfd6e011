import { defineMeaningRule } from '../validation/rule.ts';
import { CREATING, verbOf } from '../validation/verbs.ts';

export const naturalButCreates = defineMeaningRule({
  id: 'natural-but-creates',
  severity: 'warning',
  title: 'What creates is not naturally idempotent',
  why: 'Mode `natural` lets the runtime send the write again after a lost reply; creating, posting or sending twice makes two.',
  fix: 'Use `key` when the vendor takes an idempotency key, else `marker` with `resolve`, else `none`. Rename the action if it only sets a state.',
  example: {
    at: '/actions/add-comment/idempotency',
    bad: { mode: 'natural', resolve: false },
    good: { mode: 'marker', settleSeconds: 10, resolve: true },
    found: '/actions/add-comment/idempotency/mode',
  },
  *check({ actions }) {
    for (const [key, { idempotency }] of Object.entries(actions)) {
      if (idempotency.mode !== 'natural' || !CREATING.has(verbOf(key))) continue;
      yield { path: ['actions', key, 'idempotency', 'mode'], message: `"${key}" sounds as if twice made two` };
    }
  },
});
