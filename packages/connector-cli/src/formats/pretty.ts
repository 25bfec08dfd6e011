import { styleText } from 'node:util';
import { type Rule, rulePath } from '@org/connector-sdk/validation';
import type { CheckedManifest, PlacedFinding } from '../validate/check-input.ts';
import type { Place } from '../validate/place.ts';
import { type CheckReport, type FormatOptions, summaryLine } from './check-report.ts';
import { visible } from './visible.ts';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** For people. Why a rule exists is told once, with its first finding. */
export function formatPretty({ files, rules, summary }: CheckReport, { color, quiet }: FormatOptions): string {
  const paint: Paint = (style, text) => (color ? styleText(style, text, { validateStream: false }) : text);
  const untold = new Map(rules.map((rule) => [rule.id, rule]));
  const blocks = files.flatMap((file) => {
    const lines = linesOf(file, untold, paint);
    return lines.length > 0 ? [[paint('underline', visible(file.file)), ...lines].join('\n')] : [];
  });
  const failed = summary.errors + summary.unreadable > 0;
  const last = paint(failed ? 'red' : summary.warnings > 0 ? 'yellow' : 'green', summaryLine(summary));
  return [...blocks, ...(quiet ? [] : [last])].join('\n\n');
}

function linesOf({ findings, repaired, error }: CheckedManifest, untold: Map<string, Rule>, paint: Paint): string[] {
  if (error) return [`  ${paint('red', 'error')}    ${visible(error.message)}  [${error.code}]`];
  return [
    ...repaired.map(({ ruleId, message }) => `  ${paint('green', 'mended')}   ${visible(message)}  [${ruleId}]`),
    ...findings.flatMap((finding) => findingLines(finding, untold, paint)),
  ];
}

function findingLines(finding: PlacedFinding, untold: Map<string, Rule>, paint: Paint): string[] {
  const { severity, pointer, message, ruleId, fix, place } = finding;
  const why = untold.get(ruleId)?.why;
  untold.delete(ruleId);
  const where = [...(place ? [`${place.line}:${place.column}`] : []), visible(pointer) || '(top)'].join('  ');
  const word = paint(severity === 'error' ? 'red' : 'yellow', severity.padEnd(7));
  return [
    `  ${word}  ${where}: ${visible(message)}  [${ruleId}]`,
    ...(place ? frame(place, paint) : []),
    ...(why === undefined ? [] : [`${INDENT}${paint('dim', 'why')}  ${why}`]),
    `${INDENT}${paint('dim', 'fix')}  ${fix}`,
    ...(why === undefined
      ? []
      : [`${INDENT}${paint('dim', 'see')}  ${rulePath(ruleId)}, or \`connector explain ${ruleId}\``]),
  ];
}

const INDENT = ' '.repeat(11);

/** The line of the finding, with a mark under it. */
function frame({ line, column, endLine, endColumn, excerpt, excerptColumn }: Place, paint: Paint): string[] {
  const before = visible(excerpt.slice(0, excerptColumn));
  const marked = excerpt.slice(excerptColumn, endLine === line ? excerptColumn + endColumn - column : undefined);
  const gutter = `${line} | `;
  const mark = '^'.repeat(Math.max(1, visible(marked).length));
  return [
    `${INDENT}${paint('dim', gutter)}${before}${visible(excerpt.slice(excerptColumn))}`,
    `${INDENT}${' '.repeat(gutter.length + before.length)}${paint('red', mark)}`,
  ];
}
