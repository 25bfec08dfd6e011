import { defineMeaningRule } from '../validation/rule.ts';

export const enginesUnbounded = defineMeaningRule({
  id: 'engines-unbounded',
  releaseSeverity: 'warning',
  title: 'The range of runtimes says something',
  why: 'A range that every runtime satisfies lets a connector be enabled where it was never tried.',
  fix: 'Write the oldest runtime that it was tested with: `>=0.1.0`.',
  example: { at: '/engines/runtime', bad: '>=0.0.0', good: '>=0.1.0', found: '/engines/runtime' },
  *check({ engines }) {
    if (!/^(?:\*|x|>=\s*0(?:\.0){0,2})$/i.test(engines.runtime.trim())) return;
    yield { path: ['engines', 'runtime'], message: `"${engines.runtime}" is satisfied by every runtime` };
  },
});
