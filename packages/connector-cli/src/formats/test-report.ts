import { rules } from '@org/connector-sdk/validation';
import { CliError } from '../errors.ts';
import { exitCodeOf } from '../exit-code.ts';
import type { CheckedManifest, PlacedFinding } from '../validate/check-input.ts';
import { type CheckReport, summarize } from './check-report.ts';

/** A finding in a file; `text` stands wherever a manifest's author could have put it. */
export function findingWith(text: string, severity: 'error' | 'warning' = 'error'): PlacedFinding {
  return {
    ruleId: 'scope-unused',
    severity,
    path: ['scopes', text],
    pointer: `/scopes/${text}`,
    message: `the scope "${text}" is used by nothing`,
    fix: 'Remove it.',
    repairable: true,
    place: { line: 3, column: 5, endLine: 3, endColumn: 9, excerpt: text, excerptColumn: 0 },
  };
}

export function reportOf(files: readonly CheckedManifest[]): CheckReport {
  return { files, rules, profile: 'pr', summary: summarize(files), exitCode: 1 };
}

/** One file that passes, one with findings, one that could not be read. */
export function sampleReport(text: string): CheckReport {
  const error = new CliError('CLI_FILE_MISSING', `${text} does not exist`);
  return reportOf([
    { file: 'good.json', findings: [], repaired: [] },
    { file: `${text}.json`, findings: [findingWith(text), findingWith(text, 'warning')], repaired: [] },
    { file: 'gone.json', findings: [], repaired: [], error: { ...error.toJSON(), exitCode: exitCodeOf(error) } },
  ]);
}

/** What strangers write into manifests to break a report. */
export const HOSTILE = [
  '\u001b[31mred\u001b[0m',
  ']]></failure><testcase name="x"/>',
  '"><script>&amp;\u0000\u0007\ufffe\ud800',
  '\n::error file=x::injected\r\n',
  '%0A::stop-commands::x,title=:y',
  '\u202egnp.exe\u2066',
  'a\u2028b\tc\\d',
];
