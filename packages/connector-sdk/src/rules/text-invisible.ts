import { listTexts } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const textInvisible = defineMeaningRule({
  id: 'text-invisible',
  severity: 'error',
  title: 'Texts for people hold no invisible characters',
  why: 'Control and direction characters make an approver read something else than what is there.',
  fix: 'Remove them and type the text again.',
  example: {
    at: '/actions/close-ticket/title',
    bad: 'Close a \u202etekcit',
    good: 'Close a ticket',
    found: '/actions/close-ticket/title',
  },
  *check(manifest) {
    for (const [path, member, text] of listTexts(manifest)) {
      const [character] = INVISIBLE.exec(text) ?? [];
      if (character === undefined) continue;
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      yield { path, message: `the ${member} holds the invisible character U+${code}` };
    }
  },
});

/** Controls without tab and line end, zero-width characters, and those that turn the direction of writing. */
const INVISIBLE = /[^\P{Cc}\t\n]|[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u;
