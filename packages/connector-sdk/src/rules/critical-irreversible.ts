import { exampleAction } from '../validation/example-parts.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const criticalIrreversible = defineMeaningRule({
  id: 'critical-irreversible',
  severity: 'error',
  title: 'A critical write can be made good',
  why: 'When it was wrong, somebody must be able to act at once; for the worst actions that can not be left open.',
  fix: 'Give it `undo` or `compensation`, if only an action that tells those who are hit.',
  example: {
    at: '/actions/close-ticket',
    bad: exampleAction({ risk: 'critical', reversible: null }),
    good: exampleAction({ risk: 'critical' }),
    found: '/actions/close-ticket/reversible',
  },
  *check({ actions }) {
    for (const [key, { effect, risk, reversible }] of Object.entries(actions)) {
      if (effect !== 'write' || risk !== 'critical' || reversible !== null) continue;
      yield { path: ['actions', key, 'reversible'], message: `the critical write "${key}" can not be made good` };
    }
  },
});
