import { listNameLists } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const listRepeated = defineMeaningRule({
  id: 'list-repeated',
  severity: 'warning',
  title: 'No list names anything twice',
  why: 'Scopes, grants, media types and headers are sets: a second entry is a slip, often for another one that is missing.',
  fix: 'Remove the second one, or correct it.',
  example: {
    at: '/actions/close-ticket/scopes',
    bad: ['ticket.write', 'ticket.write'],
    good: ['ticket.write', 'ticket.read'],
    found: '/actions/close-ticket/scopes/1',
  },
  *check(manifest) {
    for (const [path, list] of listNameLists(manifest)) {
      const seen = new Set<string>();
      for (const [index, name] of list.entries()) {
        if (seen.has(name)) yield { path: [...path, index], message: `"${name}" is in the list already` };
        seen.add(name);
      }
    }
  },
  repair(draft) {
    for (const [, list] of listNameLists(draft)) {
      const names = new Set(list);
      list.splice(0, list.length, ...names);
    }
  },
});
