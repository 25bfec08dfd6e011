import type { Profile, Rule } from '@org/connector-sdk/validation';
import type { CheckedManifest } from '../validate/check-input.ts';

/** What every format is made from. The same report gives the same text, byte for byte. */
export interface CheckReport {
  readonly files: readonly CheckedManifest[];
  /** The rules that looked. */
  readonly rules: readonly Rule[];
  readonly profile: Profile;
  readonly summary: CheckSummary;
  readonly exitCode: number;
}

export interface CheckSummary {
  readonly files: number;
  readonly errors: number;
  readonly warnings: number;
  /** Findings that `--fix` would mend. */
  readonly repairable: number;
  /** Findings that `--fix` has mended. */
  readonly repaired: number;
  /** Files that could not be read. */
  readonly unreadable: number;
}

export function summarize(files: readonly CheckedManifest[]): CheckSummary {
  const findings = files.flatMap((file) => file.findings);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return {
    files: files.length,
    errors,
    warnings: findings.length - errors,
    repairable: findings.filter(({ repairable }) => repairable).length,
    repaired: files.reduce((total, { repaired }) => total + repaired.length, 0),
    unreadable: files.filter(({ error }) => error !== undefined).length,
  };
}

export interface FormatOptions {
  readonly color: boolean;
  /** Nothing is said when nothing is wrong. */
  readonly quiet: boolean;
}

/** The summary in one line. */
export function summaryLine({ files, errors, warnings, repairable, repaired, unreadable }: CheckSummary): string {
  const more = [
    ...(unreadable > 0 ? [`, ${unreadable} not read`] : []),
    ...(repaired > 0 ? [`; ${repaired} mended`] : []),
    ...(repairable > 0 ? [`; --fix would mend ${repairable}`] : []),
  ];
  return `${count(files - unreadable, 'manifest')}: ${count(errors, 'error')}, ${count(warnings, 'warning')}${more.join('')}`;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}
