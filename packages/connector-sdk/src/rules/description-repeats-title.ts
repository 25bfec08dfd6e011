import { listTexts } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const descriptionRepeatsTitle = defineMeaningRule({
  id: 'description-repeats-title',
  severity: 'warning',
  title: 'A description says more than the title',
  why: 'Both are shown together; the second line is where a reader looks for what the first leaves open.',
  fix: 'Say what happens to what, with its limits and side effects.',
  example: {
    at: '/actions/close-ticket/description',
    bad: 'Close a ticket.',
    good: 'Closes one ticket; its reporter is told.',
    found: '/actions/close-ticket/description',
  },
  *check(manifest) {
    let title = '';
    for (const [path, member, text] of listTexts(manifest)) {
      const letters = text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
      if (member === 'title') title = letters;
      else if (letters === title) yield { path, message: 'the description is the title again' };
    }
  },
});
