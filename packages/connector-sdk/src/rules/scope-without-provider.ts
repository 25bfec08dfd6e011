import { defineMeaningRule } from '../validation/rule.ts';

export const scopeWithoutProvider = defineMeaningRule({
  id: 'scope-without-provider',
  severity: 'warning',
  title: 'A scope names what it is at the provider',
  why: 'The administrator who grants it must set something there, and can otherwise only guess, usually too much.',
  fix: 'List the provider’s own scopes, roles or permissions in `provider`.',
  example: {
    at: '/scopes/ticket.read/provider',
    bad: [],
    good: ['tickets:read'],
    found: '/scopes/ticket.read/provider',
  },
  *check({ scopes }) {
    for (const [key, { provider }] of Object.entries(scopes)) {
      if (provider.length > 0) continue;
      yield { path: ['scopes', key, 'provider'], message: `"${key}" names no right of the provider` };
    }
  },
});
