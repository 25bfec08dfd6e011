import { listTexts } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

const SHORTEST = 12;

export const descriptionTooShort = defineMeaningRule({
  id: 'description-too-short',
  severity: 'warning',
  title: `A description has ${SHORTEST} characters at least`,
  why: 'A word or two say no more than the title; people and models choose actions by their descriptions.',
  fix: 'Say what it does, to what, and what a reader would not guess.',
  example: {
    at: '/actions/close-ticket/description',
    bad: 'Closes it',
    good: 'Closes one ticket.',
    found: '/actions/close-ticket/description',
  },
  *check(manifest) {
    for (const [path, member, text] of listTexts(manifest)) {
      if (member !== 'description' || [...text.trim()].length >= SHORTEST) continue;
      yield { path, message: `the description "${text.trim()}" is too short` };
    }
  },
});
