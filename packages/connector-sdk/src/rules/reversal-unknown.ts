import { defineMeaningRule } from '../validation/rule.ts';

export const reversalUnknown = defineMeaningRule({
  id: 'reversal-unknown',
  severity: 'error',
  title: 'A reversal names a write of this connector',
  why: 'The runtime could not run it when it is needed.',
  fix: 'Name an action of this connector whose effect is `write`.',
  example: {
    at: '/actions/close-ticket/reversible',
    bad: { by: 'undo', action: 'open-ticket' },
    good: { by: 'undo', action: 'reopen-ticket' },
    found: '/actions/close-ticket/reversible/action',
  },
  *check({ actions }) {
    for (const [key, { reversible }] of Object.entries(actions)) {
      if (reversible === null) continue;
      const by = Object.hasOwn(actions, reversible.action) ? actions[reversible.action] : undefined;
      if (by?.effect === 'write') continue;
      const path = ['actions', key, 'reversible', 'action'];
      yield { path, message: `"${key}" is reversed by "${reversible.action}", which is no write of this connector` };
    }
  },
});
