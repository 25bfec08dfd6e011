import { defineMeaningRule } from '../validation/rule.ts';

export const reversalOfRead = defineMeaningRule({
  id: 'reversal-of-read',
  severity: 'error',
  title: 'Only a write is reversed',
  why: 'A read changes nothing: either it is a write in truth, or its reversal would undo what somebody else did.',
  fix: "Remove `reversible`, or set `effect: 'write'`.",
  example: {
    at: '/actions/get-ticket/reversible',
    bad: { by: 'undo', action: 'close-ticket' },
    good: null,
    found: '/actions/get-ticket/reversible',
  },
  *check({ actions }) {
    for (const [key, { effect, reversible }] of Object.entries(actions)) {
      if (effect !== 'read' || reversible === null) continue;
      yield { path: ['actions', key, 'reversible'], message: `the read "${key}" is reversed` };
    }
  },
});
