import { isAmbiguous } from '../validation/ambiguous-pattern.ts';
import { defineMeaningRule } from '../validation/rule.ts';
import { listPatterns } from '../validation/schema-patterns.ts';

/** For all patterns of a manifest together: a second or so. Patterns of people need a few thousand each. */
const MOST_EFFORT = 10_000_000;

export const schemaPatternSlow = defineMeaningRule({
  id: 'schema-pattern-slow',
  severity: 'error',
  title: 'No pattern can be made to take for ever',
  why: 'A loop that can read one text in two ways doubles the time with each character: thirty of them stop a process.',
  fix: 'Let only one way match: `^(?:a+b)*$` instead of `^(?:a+b?)*$`. A `maxLength` does not help: forty characters are enough.',
  example: {
    at: '/actions/get-ticket/output/properties/text',
    bad: { type: 'string', pattern: '^(?:[a-z]+-?)*$' },
    good: { type: 'string', pattern: '^(?:[a-z]+-)*[a-z]+$' },
    found: '/actions/get-ticket/output/properties/text/pattern',
  },
  *check(manifest) {
    const effort = { steps: 0 };
    const looked = new Map<string, boolean | undefined>();
    for (const { path, pattern } of listPatterns(manifest)) {
      if (effort.steps > MOST_EFFORT) {
        yield { path, message: 'the patterns before this one are too large to look into any more: make them simpler' };
        return;
      }
      const answer = looked.has(pattern) ? looked.get(pattern) : isAmbiguous(pattern, effort);
      looked.set(pattern, answer);
      if (answer) yield { path, message: `"${pattern.slice(0, 80)}" can take for ever to fail` };
    }
  },
});
