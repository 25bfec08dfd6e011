import { listTexts } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const titleStyle = defineMeaningRule({
  id: 'title-style',
  severity: 'warning',
  title: 'A title is words, not a name from code',
  why: 'Titles stand in menus, approval messages and audit entries beside those of other connectors.',
  fix: 'Write it like a headline, without a full stop: `Close a ticket`, not `close_ticket` or `CLOSE A TICKET`.',
  example: {
    at: '/actions/close-ticket/title',
    bad: 'close_ticket',
    good: 'Close a ticket',
    found: '/actions/close-ticket/title',
  },
  *check(manifest) {
    for (const [path, member, text] of listTexts(manifest)) {
      const reason = member === 'title' && whatIsOdd(text.trim());
      if (reason) yield { path, message: `the title "${text}" ${reason}` };
    }
  },
});

function whatIsOdd(title: string): string | undefined {
  if (/[^.]\.$/.test(title)) return 'ends with a full stop';
  if (/^[a-z0-9]+(?:[_-][a-z0-9]+)+$/.test(title) || /^[a-z]+[A-Z]/.test(title)) return 'is a name from code';
  // One word may be an abbreviation.
  if (/\s/.test(title) && /\p{Lu}{4}/u.test(title) && title === title.toUpperCase()) return 'is in capitals';
  return undefined;
}
