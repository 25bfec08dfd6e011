import { defineMeaningRule } from '../validation/rule.ts';
import { listScopeUses } from '../validation/scope-uses.ts';

export const scopeUnused = defineMeaningRule({
  id: 'scope-unused',
  severity: 'error',
  title: 'Every declared scope is used',
  why: 'A scope that nothing needs makes administrators grant more than the connector uses.',
  fix: 'Remove it from `scopes`, or list it at the action that needs it.',
  *check(manifest) {
    const used = new Set(listScopeUses(manifest).map(({ scope }) => scope));
    for (const scope of Object.keys(manifest.scopes)) {
      if (!used.has(scope)) yield { path: ['scopes', scope], message: `the scope "${scope}" is used by nothing` };
    }
  },
});
