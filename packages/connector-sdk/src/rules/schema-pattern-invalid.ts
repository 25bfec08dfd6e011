import { defineMeaningRule } from '../validation/rule.ts';
import { listPatterns } from '../validation/schema-patterns.ts';

export const schemaPatternInvalid = defineMeaningRule({
  id: 'schema-pattern-invalid',
  severity: 'error',
  title: 'Every pattern is a regular expression (ECMA-262, with `u`)',
  why: 'Validators compile patterns with the flag `u`: one that does not compile fails every call of the action.',
  fix: 'Escape only what has to be escaped (`\\-` outside of a class and `\\_` are errors), and write ranges in order.',
  example: {
    at: '/actions/get-ticket/output/properties/text',
    bad: { type: 'string', pattern: '^[a-z' },
    good: { type: 'string', pattern: '^[a-z]+$' },
    found: '/actions/get-ticket/output/properties/text/pattern',
  },
  *check(manifest) {
    for (const { path, pattern } of listPatterns(manifest)) {
      if (!compiles(pattern)) yield { path, message: `"${pattern.slice(0, 80)}" is no regular expression` };
    }
  },
});

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}
