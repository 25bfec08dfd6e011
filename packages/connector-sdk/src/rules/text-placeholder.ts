import { listTexts } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const textPlaceholder = defineMeaningRule({
  id: 'text-placeholder',
  severity: 'warning',
  releaseSeverity: 'error',
  title: 'Titles and descriptions are written',
  why: 'They are all that an approver and an administrator see before they say yes.',
  fix: 'Say in words what it does.',
  example: {
    at: '/actions/close-ticket/description',
    bad: 'TODO: describe',
    good: 'Closes one ticket.',
    found: '/actions/close-ticket/description',
  },
  *check(manifest) {
    for (const [path, member, text] of listTexts(manifest)) {
      if (isPlaceholder(text)) yield { path, message: `the ${member} "${text.slice(0, 60)}" is a placeholder` };
    }
  },
});

function isPlaceholder(text: string): boolean {
  const bare = text.trim().toLowerCase();
  return (
    /\b(?:lorem ipsum|fixme|change ?me)\b/.test(bare) ||
    /^(?:todo|tbd|wip)\b/.test(bare) ||
    /^(?:test|title|description|placeholder|untitled|example|foo|bar|asdf|n\/a|none|unknown)[.!]?$/.test(bare) ||
    /^(.)\1*$/.test(bare) ||
    !/\p{L}/u.test(bare)
  );
}
