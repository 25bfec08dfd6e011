import { defineMeaningRule } from '../validation/rule.ts';

export const writeIrreversible = defineMeaningRule({
  id: 'write-irreversible',
  severity: 'warning',
  title: 'Every write has an undo or a compensation',
  why: 'When a later step fails or a person changes their mind, only a declared reversal can put things right.',
  fix: 'Give the action `reversible: { undo }`, or `{ compensation }` when it cannot be taken back.',
  example: {
    at: '/actions/close-ticket/reversible',
    bad: null,
    good: { by: 'undo', action: 'reopen-ticket' },
    found: '/actions/close-ticket/reversible',
  },
  *check({ actions }) {
    for (const [key, { effect, reversible }] of Object.entries(actions)) {
      if (effect !== 'write' || reversible !== null) continue;
      yield { path: ['actions', key, 'reversible'], message: `the write "${key}" has neither undo nor compensation` };
    }
  },
});
