import { isConnectorError } from '@org/connector-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choiceValue, queryValue, recordNumber, sysId } from './field-guards.ts';
import { formatSysTime, parseSysTime } from './sys-time.ts';

describe('a value for an encoded query', () => {
  it('never carries an operator, a condition or a script, whatever is given', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.string(), fc.constantFrom('^', '^OR', '^NQ', 'javascript:', '=', '!=', '@', '\n'), fc.string())
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(hostile, (value) => {
        try {
          const passed = queryValue(value);
          expect(passed).toBe(value);
          expect(passed).not.toMatch(/[\^=!<>@\n]|javascript:/i);
        } catch (error) {
          if (!isConnectorError(error)) throw error;
          expect(error.code).toBe('SERVICENOW_VALUE_REFUSED');
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('passes what schemas let through', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{32}$/), fc.stringMatching(/^[A-Z]{2,10}\d{4,12}$/), (id, number) => {
        expect(queryValue(sysId.parse(id))).toBe(id);
        expect(queryValue(recordNumber.parse(number))).toBe(number);
      }),
    );
  });

  it('choices hold no caret and no control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (value) => {
        if (choiceValue.safeParse(value).success) expect(value).not.toMatch(/[\^\p{Cc}]/u);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the time of the instance', () => {
  it('is UTC and goes both ways', () => {
    const seconds = fc.integer({ min: 0, max: 4_102_444_800 });
    fc.assert(
      fc.property(seconds, (second) => {
        const text = formatSysTime(second * 1000);
        expect(Date.parse(parseSysTime(text) ?? '')).toBe(second * 1000);
      }),
    );
  });

  it.each(['', '2026-13-01 00:00:00', '2026-02-29 00:00:00', '2026-01-01T00:00:00Z', '2026-01-01 24:00:00'])(
    '%j is none',
    (text) => {
      expect(parseSysTime(text)).toBeUndefined();
    },
  );
});
