import { defineMeaningRule } from '../validation/rule.ts';

export const writeWithoutScope = defineMeaningRule({
  id: 'write-without-scope',
  severity: 'warning',
  title: 'Every write needs a scope',
  why: 'Administrators allow by scope: a write without one is allowed wherever the connector is.',
  fix: 'Declare the right that it needs in `scopes`, and list it at the action.',
  example: {
    at: '/actions/reopen-ticket/scopes',
    bad: [],
    good: ['ticket.write'],
    found: '/actions/reopen-ticket/scopes',
  },
  *check({ actions }) {
    for (const [key, { effect, scopes }] of Object.entries(actions)) {
      if (effect !== 'write' || scopes.length > 0) continue;
      yield { path: ['actions', key, 'scopes'], message: `the write "${key}" needs no scope` };
    }
  },
});
