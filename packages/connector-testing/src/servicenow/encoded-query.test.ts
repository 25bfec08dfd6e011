import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TestingError } from '../errors.ts';
import { matchesCondition, parseEncodedQuery, type QueryOperator } from './encoded-query.ts';

const matches = (actual: string, operator: QueryOperator, value: string) =>
  matchesCondition(actual, { field: 'x', operator, value });

describe('parseEncodedQuery', () => {
  it('binds ^OR to the condition before it', () => {
    expect(parseEncodedQuery('active=true^state=1^ORstate=2^ORDERBYDESCsys_updated_on^ORDERBYnumber')).toEqual({
      groups: [
        [{ field: 'active', operator: '=', value: 'true' }],
        [
          { field: 'state', operator: '=', value: '1' },
          { field: 'state', operator: '=', value: '2' },
        ],
      ],
      order: [
        { field: 'sys_updated_on', descending: true },
        { field: 'number', descending: false },
      ],
    });
  });

  it('prefers the longer operator', () => {
    expect(parseEncodedQuery('sys_updated_on>=2026-01-01 00:00:00').groups[0]?.[0]?.operator).toBe('>=');
    expect(parseEncodedQuery('assigned_toISNOTEMPTY').groups[0]?.[0]?.operator).toBe('ISNOTEMPTY');
  });

  it('shows why a caret from outside is dangerous: it ends the condition', () => {
    expect(parseEncodedQuery('number=x^ORnumberISNOTEMPTY').groups[0]).toHaveLength(2);
    expect(parseEncodedQuery('number=x^^ORnumberISNOTEMPTY').groups).toEqual([
      [{ field: 'number', operator: '=', value: 'x^ORnumberISNOTEMPTY' }],
    ]);
  });

  it.each(['number', 'NQnumber=1', 'numberSAMEASx', 'sys_updated_on>javascript:gs.now()', '=x'])(
    'refuses %s',
    (text) => {
      expect(() => parseEncodedQuery(text)).toThrow(expect.objectContaining({ code: 'QUERY_UNSUPPORTED' }));
    },
  );

  it('either parses or throws QUERY_UNSUPPORTED, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          expect(
            parseEncodedQuery(text)
              .groups.flat()
              .every(({ field }) => field !== ''),
          ).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(TestingError);
        }
      }),
    );
  });
});

describe('matchesCondition', () => {
  it('compares text without case and numbers by value', () => {
    expect(matches('Payments', '=', 'payments')).toBe(true);
    expect(matches('10', '>', '9')).toBe(true);
    expect(matches('2026-11-22 10:00:00', '>=', '2026-11-22 10:00:00')).toBe(true);
    expect(matches('2026-11-22 10:00:00', '>', '2026-11-22 10:00:00')).toBe(false);
  });

  it('puts an empty value in no range', () => {
    for (const operator of ['>', '>=', '<', '<='] as const) expect(matches('', operator, '5')).toBe(false);
  });

  it.each([
    ['network', 'LIKE', 'two', true],
    ['network', 'STARTSWITH', 'net', true],
    ['network', 'STARTSWITH', 'work', false],
    ['b', 'IN', 'a, b,c', true],
    ['d', 'IN', 'a,b,c', false],
    ['', 'ISEMPTY', '', true],
    ['x', 'ISNOTEMPTY', '', true],
    ['x', '!=', 'y', true],
    ['1', '<=', '1', true],
    ['1', '<', '1', false],
  ] as const)('%s %s %s is %s', (actual, operator, value, expected) => {
    expect(matches(actual, operator, value)).toBe(expected);
  });
});
