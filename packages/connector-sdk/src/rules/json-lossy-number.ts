import { defineMeaningRule } from '../validation/rule.ts';

export const jsonLossyNumber = defineMeaningRule({
  id: 'json-lossy-number',
  severity: 'error',
  title: 'Every number means the same to all readers',
  why: 'Beyond 2^53 readers round: what is checked here would not be what another tool sees in the signed file.',
  fix: 'Use a number between -(2^53 - 1) and 2^53 - 1, or text.',
  example: {
    at: '/actions/get-ticket/output/properties/text',
    bad: { type: 'integer', maximum: 2 ** 53 },
    good: { type: 'integer', maximum: 2 ** 53 - 1 },
    found: '',
  },
  *check(_, { text }) {
    // Few texts hold such a run of digits at all; only those are read token by token.
    if (!(text.match(/\d{16,}/g) ?? []).some((digits) => !isKept(digits))) return;
    for (const [, number] of text.matchAll(STRING_OR_NUMBER)) {
      if (number !== undefined && !isKept(number)) yield { path: [], message: `${number.slice(0, 40)} is rounded` };
    }
  },
});

/** The text was parsed, so whatever stands outside of strings and begins like a number is one. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|(-?\d[\d.eE+-]*)/g;

/** Fractions and exponents are rounded by design. */
function isKept(number: string): boolean {
  return !/^-?\d+$/.test(number) || Number.isSafeInteger(Number(number));
}
