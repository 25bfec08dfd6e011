import { listTexts } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const textUntrimmed = defineMeaningRule({
  id: 'text-untrimmed',
  severity: 'warning',
  title: 'Titles and descriptions have no blanks around them',
  why: 'They are shown in lists and sentences, sorted and compared; blanks make equal ones differ.',
  fix: 'Remove blanks at both ends, and all but one within a title.',
  example: {
    at: '/actions/close-ticket/title',
    bad: ' Close  a ticket',
    good: 'Close a ticket',
    found: '/actions/close-ticket/title',
  },
  *check(manifest) {
    for (const [path, member, text] of listTexts(manifest)) {
      const clean = trim(member, text);
      if (clean !== text && clean !== '') yield { path, message: `the ${member} has blanks too many` };
    }
  },
  repair(draft) {
    for (const [path, member, text] of listTexts(draft)) {
      const clean = trim(member, text);
      const holder = path.slice(0, -1).reduce((at: unknown, key) => Reflect.get(Object(at), key), draft);
      if (clean !== text && clean !== '') Reflect.set(Object(holder), member, clean);
    }
  },
});

function trim(member: 'title' | 'description', text: string): string {
  return member === 'title' ? text.trim().replaceAll(/\s+/g, ' ') : text.trim();
}
