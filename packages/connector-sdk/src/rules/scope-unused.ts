import { defineMeaningRule } from '../validation/rule.ts';
import { listScopeUses } from '../validation/scope-uses.ts';

export const scopeUnused = defineMeaningRule({
  id: 'scope-unused',
  severity: 'error',
  title: 'Every declared scope is used',
  why: 'A scope that nothing needs makes administrators grant more than the connector uses.',
  fix: 'Remove it from `scopes`, or list it at the action that needs it.',
  example: {
    at: '/scopes/ticket.delete',
    bad: { title: 'Delete tickets', description: 'Remove tickets for ever.', provider: ['tickets:delete'] },
    good: undefined,
    found: '/scopes/ticket.delete',
  },
  *check(manifest) {
    const used = new Set(listScopeUses(manifest).map(({ scope }) => scope));
    for (const scope of Object.keys(manifest.scopes)) {
      if (!used.has(scope)) yield { path: ['scopes', scope], message: `the scope "${scope}" is used by nothing` };
    }
  },
  repair(draft) {
    const used = new Set(listScopeUses(draft).map(({ scope }) => scope));
    for (const scope of Object.keys(draft.scopes)) if (!used.has(scope)) delete draft.scopes[scope];
  },
});
