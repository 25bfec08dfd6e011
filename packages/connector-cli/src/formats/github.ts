import { rulePath } from '@org/connector-sdk/validation';
import type { CheckedManifest, PlacedFinding } from '../validate/check-input.ts';
import { type CheckReport, type FormatOptions, summaryLine } from './check-report.ts';
import { visible } from './visible.ts';

/**
 * Workflow commands, which GitHub shows beside the lines of a pull request.
 * Source: GitHub docs, "Workflow commands for GitHub Actions"; the escapes are those of `@actions/core` (command.ts).
 */
export function formatGithub({ files, summary }: CheckReport, { quiet }: FormatOptions): string {
  return [...files.flatMap(annotationsOf), ...(quiet ? [] : [summaryLine(summary)])].join('\n');
}

function annotationsOf({ file, findings, error }: CheckedManifest): string[] {
  if (error) return [annotation('error', { file, title: error.code }, visible(error.message))];
  return findings.map((finding) => annotation(finding.severity, propertiesOf(file, finding), messageOf(finding)));
}

function propertiesOf(file: string, { ruleId, place }: PlacedFinding): Record<string, string | number> {
  if (!place) return { file, title: ruleId };
  const { line, column, endLine, endColumn } = place;
  // GitHub takes columns only within one line.
  const columns = line === endLine ? { col: column, endColumn } : {};
  return { file, line, endLine, ...columns, title: ruleId };
}

function messageOf({ pointer, message, fix, ruleId }: PlacedFinding): string {
  return `${visible(pointer) || '(top)'}: ${visible(message)}\n${fix}\n${rulePath(ruleId)}`;
}

function annotation(command: string, properties: Record<string, string | number>, message: string): string {
  const list = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${command} ${list.join(',')}::${escapeData(message)}`;
}

/** What is in a manifest is a stranger's: unescaped, a line break in it would start a command of its own. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
