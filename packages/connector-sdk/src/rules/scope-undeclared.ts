import { defineMeaningRule } from '../validation/rule.ts';
import { listScopeUses } from '../validation/scope-uses.ts';

export const scopeUndeclared = defineMeaningRule({
  id: 'scope-undeclared',
  severity: 'error',
  title: 'Every scope in use is declared',
  why: 'Administrators grant declared scopes; one that is not declared can be neither read about nor granted.',
  fix: 'Declare it in `scopes` with a title and a description, or remove it.',
  example: {
    at: '/actions/close-ticket/scopes',
    bad: ['ticket.delete'],
    good: ['ticket.write'],
    found: '/actions/close-ticket/scopes/0',
  },
  *check(manifest) {
    for (const { scope, path, user } of listScopeUses(manifest)) {
      if (!Object.hasOwn(manifest.scopes, scope))
        yield { path, message: `${user} uses the undeclared scope "${scope}"` };
    }
  },
});
