import { exampleAction } from '../validation/example-parts.ts';
import { defineMeaningRule } from '../validation/rule.ts';
import { verbOf, WRITING } from '../validation/verbs.ts';

export const readSoundsLikeWrite = defineMeaningRule({
  id: 'read-sounds-like-write',
  severity: 'warning',
  releaseSeverity: 'error',
  title: 'An action that changes something is a write',
  why: 'A read needs no approval, leaves no intent in the audit and is repeated at will.',
  fix: "Set `effect: 'write'` with its idempotency, or rename the action: `get-`, `list-`, `find-`.",
  example: {
    at: '/actions/delete-ticket',
    bad: exampleAction({
      title: 'Delete a ticket',
      effect: 'read',
      idempotency: { mode: 'safe', resolve: false },
      reversible: null,
    }),
    good: exampleAction({ title: 'Delete a ticket', reversible: null }),
    found: '/actions/delete-ticket/effect',
  },
  *check({ actions }) {
    for (const [key, { effect }] of Object.entries(actions)) {
      if (effect !== 'read' || !WRITING.has(verbOf(key))) continue;
      yield { path: ['actions', key, 'effect'], message: `"${key}" says that it is a read` };
    }
  },
});
