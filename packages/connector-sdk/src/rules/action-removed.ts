import { exampleAction } from '../validation/example-parts.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const actionRemoved = defineMeaningRule({
  id: 'action-removed',
  severity: 'error',
  title: 'An action is deprecated before it goes',
  why: 'Workflows name actions by id: one that is gone, or has another id, fails at its next run.',
  fix: 'Keep the old id with `deprecated: { since, use }` for a release, then remove it.',
  example: {
    at: '/actions/close-tickets',
    previous: exampleAction({ title: 'Close tickets' }),
    bad: undefined,
    good: exampleAction({ title: 'Close tickets', deprecated: { since: '1.4.0', use: 'close-ticket' } }),
    found: '/actions',
  },
  *check({ id, actions }, { previous }) {
    if (!previous || previous.id !== id) return;
    for (const [key, { deprecated }] of Object.entries(previous.actions)) {
      if (deprecated || Object.hasOwn(actions, key)) continue;
      yield { path: ['actions'], message: `"${key}" was in the last release and was not deprecated there` };
    }
  },
});
