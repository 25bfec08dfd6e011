import { exampleAction } from '../validation/example-parts.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const riskUnrepeatable = defineMeaningRule({
  id: 'risk-unrepeatable',
  severity: 'warning',
  title: 'A risky write can be cleared up after a lost reply',
  why: 'With mode `none` nobody but a person can find out whether it took effect, and with a high risk that is urgent.',
  fix: 'Use `key` or `marker`, or give a `resolve` that compares what was meant with what is there.',
  example: {
    at: '/actions/close-ticket',
    bad: exampleAction({ idempotency: { mode: 'none', resolve: false } }),
    good: exampleAction({ idempotency: { mode: 'key', resolve: false } }),
    found: '/actions/close-ticket/idempotency/mode',
  },
  *check({ actions }) {
    for (const [key, { risk, idempotency }] of Object.entries(actions)) {
      if (idempotency.mode !== 'none' || idempotency.resolve || (risk !== 'high' && risk !== 'critical')) continue;
      const path = ['actions', key, 'idempotency', 'mode'];
      yield { path, message: `"${key}" has a ${risk} risk and can not be cleared up` };
    }
  },
});
