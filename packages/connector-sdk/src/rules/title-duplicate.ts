import { NAMED } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const titleDuplicate = defineMeaningRule({
  id: 'title-duplicate',
  severity: 'warning',
  title: 'No two of a kind have the same title',
  why: 'In a menu or an approval message nobody could tell them apart.',
  fix: 'Say in each title what is different.',
  example: {
    at: '/actions/close-ticket/title',
    bad: 'Reopen a ticket',
    good: 'Close a ticket',
    found: '/actions/reopen-ticket/title',
  },
  *check(manifest) {
    for (const kind of NAMED) {
      const first = new Map<string, string>();
      for (const [key, { title }] of Object.entries(manifest[kind])) {
        const plain = title.trim().toLowerCase();
        const other = first.get(plain);
        if (other === undefined) first.set(plain, key);
        else yield { path: [kind, key, 'title'], message: `"${other}" has the same title, "${title}"` };
      }
    }
  },
});
