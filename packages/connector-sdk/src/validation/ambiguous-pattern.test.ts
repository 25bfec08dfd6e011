import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAmbiguous } from './ambiguous-pattern.ts';

describe('isAmbiguous', () => {
  it.each([
    '^(a+)+$',
    '^(?:a*)*$',
    '^((a*)*)*$',
    '^(.*)*$',
    '^(\\w+\\s?)*$',
    '(x+x+)+y',
    '^(a|a)*$',
    '^(a|aa)+$',
    '^(?:a?b?)*$',
    '^(?:(?:a|b)+c?)*$',
    '^(?:[^\\s@]+\\.)+[^\\s@]+$',
    '^(\\d{1,100}){1,100}$',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}[a-z]{2,3}$',
    '^(?:\\p{L}+\\d*)*$',
  ])('finds the loop that reads one text in two ways in %s', (pattern) => {
    expect(isAmbiguous(pattern)).toBe(true);
  });

  it.each([
    '^[a-z]+$',
    '^\\s+|\\s+$',
    '^(?:[a-z]+-)*[a-z]+$',
    '^(?:[\\w-]+\\/)*$',
    '^(\\d{3}-)+$',
    '^(?:a?){2,}$',
    '^(?:a|b|c)+$',
    '^[a-z]+(?:\\.[a-z]+)*$',
    '^(?:[a-z]{1,63}\\.){1,8}[a-z]{2,63}$',
    '^(?:"(?:[^"\\\\]|\\\\.)*"|[a-z])*$',
    '^(?:\\d{1,3})(?:,\\d{3})*$',
    '^(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}$',
    '^(?!\\/)(?:[^\\/]+\\/?)$',
  ])('has nothing against %s', (pattern) => {
    expect(isAmbiguous(pattern)).toBe(false);
  });

  it('says nothing of what it can not parse or what is too large', () => {
    expect(isAmbiguous('(a+)+[')).toBeUndefined();
    expect(isAmbiguous(`(?:${'(?:ab)?'.repeat(500)})*`)).toBeUndefined();
  });

  it('bounds its work, and still finds what is ambiguous in a large pattern', () => {
    const alternatives = (atoms: readonly string[]) => `^(?:${atoms.join('|')})*$`;
    expect(isAmbiguous(alternatives(Array(190).fill('a')))).toBe(true);
    expect(isAmbiguous(alternatives(Array.from({ length: 90 }, (_, index) => `\\x${(index + 32).toString(16)}`)))).toBe(
      false,
    );
    expect(isAmbiguous(`^(?:${'.?'.repeat(60)})*$`)).toBe(true);
    expect(isAmbiguous(`${'('.repeat(60)}a${')*'.repeat(60)}`)).toBe(true);
    expect(isAmbiguous(`(?:${'('.repeat(30)}a${'){4}'.repeat(30)}b)*`)).toBeUndefined();
  });

  it('finds a loop that hides among much that is harmless, and loops that many patterns share', () => {
    expect(isAmbiguous(`^(?:${'x'.repeat(500)}|(?:a+)+)$`)).toBe(true);
    expect(isAmbiguous(`^${'(?:[a-z]-)*'.repeat(300)}(?:b+)*$`)).toBe(true);
  });

  it('costs the same the second time, and no more than so much', () => {
    const pattern = `^(?:${'(?:a|b)?'.repeat(35)})*$`;
    const [first, second] = [{ steps: 0 }, { steps: 0 }];
    isAmbiguous(pattern, first);
    isAmbiguous(pattern, second);
    expect(second).toEqual(first);
    expect(first.steps).toBeLessThan(5_000_000);
  });

  it('reads digits behind a bracket once', () => {
    expect(isAmbiguous(`){1${'1'.repeat(1_000_000)}`)).toBe(false);
  });

  it('answers any pattern', () => {
    const part = fc.constantFrom(
      'a',
      'b',
      '.',
      '\\d',
      '[^a]',
      '(',
      ')',
      '(?:',
      '|',
      '*',
      '+',
      '?',
      '{2,}',
      '{1,30}',
      '\\1',
      '(?=',
      '^',
      '$',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
        expect([true, false, undefined]).toContain(isAmbiguous(parts.join('')));
      }),
      { numRuns: 3000 },
    );
  });
});
