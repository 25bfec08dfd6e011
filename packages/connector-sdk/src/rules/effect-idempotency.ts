import { defineMeaningRule } from '../validation/rule.ts';

export const effectIdempotency = defineMeaningRule({
  id: 'effect-idempotency',
  severity: 'error',
  title: 'Idempotency fits the effect',
  why: '`safe` lets the runtime repeat an action at will, which only a read survives.',
  fix: 'Use `safe` for reads, and one of `natural`, `key`, `marker`, `none` for writes.',
  example: {
    at: '/actions/close-ticket/idempotency',
    bad: { mode: 'safe', resolve: false },
    good: { mode: 'natural', resolve: false },
    found: '/actions/close-ticket/idempotency/mode',
  },
  *check({ actions }) {
    for (const [key, { effect, idempotency }] of Object.entries(actions)) {
      if ((effect === 'read') === (idempotency.mode === 'safe')) continue;
      const path = ['actions', key, 'idempotency', 'mode'];
      yield { path, message: `the ${effect} "${key}" has the idempotency mode "${idempotency.mode}"` };
    }
  },
});
