import { describe, expect, it } from 'vitest';
import { isConnectorError } from '../errors.ts';
import { rules } from './rule-set.ts';
import { selectRules } from './select-rules.ts';

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return isConnectorError(error) ? [error.code, error.details.closest] : error;
  }
  return 'none';
}

describe('selectRules', () => {
  it('takes all, only some, or all but some', () => {
    expect(selectRules({})).toEqual(rules);
    expect(selectRules({ only: ['scope-unused', 'host-too-wide'] }).map(({ id }) => id)).toEqual([
      'scope-unused',
      'host-too-wide',
    ]);
    expect(selectRules({ ignore: ['scope-unused'] })).toEqual(rules.filter(({ id }) => id !== 'scope-unused'));
  });

  it.each([
    ['scope-unsed', 'scope-unused'],
    ['unused-scope', 'scope-unused'],
    ['host-wide', 'host-too-wide'],
    ['schema-pattern', 'schema-pattern-slow'],
    ['input-string', 'input-unbounded-string'],
  ])('names the rule that %s may have meant', (id, meant) => {
    expect(refusal(() => selectRules({ only: [id] }))).toEqual(['RULE_UNKNOWN', expect.arrayContaining([meant])]);
  });

  it('does not let structure be ignored', () => {
    expect(refusal(() => selectRules({ ignore: ['json-syntax'] }))).toEqual(['RULE_NOT_OPTIONAL', undefined]);
  });
});
