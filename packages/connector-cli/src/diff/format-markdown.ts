import { code, inline, table } from '../docs/markdown.ts';
import type { Comparison } from './compare-sources.ts';
import { countsOf, groupsOf, titleOf, verdictOf } from './describe.ts';

/** For a comment under a pull request. */
export function formatMarkdown(comparisons: readonly Comparison[]): string {
  return comparisons.map(formatOne).join('\n\n');
}

function formatOne(comparison: Comparison): string {
  const { changes, verdict } = comparison;
  const lines = [
    `### ${inline(titleOf(comparison))}`,
    '',
    `${verdict.ok ? '✅' : '❌'} ${inline(verdictOf(comparison))}`,
  ];
  if (groupsOf(changes).length > 0) lines.push('', inline(countsOf(changes)));
  for (const group of groupsOf(changes)) {
    const rows = group.changes.map(({ class: weight, message, path, why, kind }) => [
      weight,
      `${inline(message)} (${code(kind)})`,
      path === '' ? '(top)' : code(path),
      inline(why),
    ]);
    lines.push('', `#### ${group.title}`, '', ...table(['class', 'what changed', 'where', 'why'], rows));
  }
  return lines.join('\n');
}
