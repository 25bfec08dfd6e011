import { rulePath } from '@org/connector-sdk/validation';
import { EXIT_PASS } from '../exit-code.ts';
import type { CheckedManifest, PlacedFinding } from '../validate/check-input.ts';
import type { CheckReport } from './check-report.ts';

/** One document on one line; the README has its shape. An `error` is the first file's that could not be read. */
export function formatJson({ files, profile, summary, exitCode }: CheckReport): string {
  const error = files.find((file) => file.error !== undefined)?.error;
  return JSON.stringify({
    command: 'validate',
    ok: exitCode === EXIT_PASS,
    ...(error ? { error: toError(error) } : {}),
    profile,
    files: files.map(toFile),
    summary,
  });
}

function toFile({ file, findings, repaired, error }: CheckedManifest): object {
  return {
    file,
    ...(error ? { error: toError(error) } : {}),
    findings: findings.map(toFinding),
    ...(repaired.length > 0 ? { repaired: repaired.map(({ ruleId, message }) => ({ ruleId, message })) } : {}),
  };
}

function toError({ code, message, details }: NonNullable<CheckedManifest['error']>): object {
  return { code, message, details };
}

function toFinding({ ruleId, severity, message, fix, repairable, pointer, place }: PlacedFinding): object {
  const { line, column, endLine, endColumn } = place ?? {};
  return {
    ruleId,
    severity,
    message,
    fix,
    repairable,
    pointer,
    line,
    column,
    endLine,
    endColumn,
    docs: rulePath(ruleId),
  };
}
