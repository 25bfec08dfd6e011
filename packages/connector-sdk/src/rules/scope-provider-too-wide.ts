import { defineMeaningRule } from '../validation/rule.ts';

export const scopeProviderTooWide = defineMeaningRule({
  id: 'scope-provider-too-wide',
  severity: 'warning',
  title: 'A scope does not ask for everything',
  why: 'A stolen credential of an administrator is the whole account; the manifest promises a part of it.',
  fix: 'Ask for the narrowest right of the provider that does the work.',
  example: {
    at: '/scopes/ticket.read/provider',
    bad: ['admin'],
    good: ['tickets:read'],
    found: '/scopes/ticket.read/provider/0',
  },
  *check({ scopes }) {
    for (const [key, { provider }] of Object.entries(scopes)) {
      for (const [index, right] of provider.entries()) {
        if (!EVERYTHING.test(right.trim())) continue;
        yield { path: ['scopes', key, 'provider', index], message: `"${right}" is a right to everything` };
      }
    }
  },
});

const EVERYTHING =
  /^(?:\*(?:[:.]\*)?|(?:.{1,40}[:./])?(?:admin|administrator|root|superuser|super_admin|full[_. -]?access|owner|all)|all permissions)$/i;
