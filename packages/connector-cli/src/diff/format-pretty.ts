import { visible } from '../formats/visible.ts';
import type { Comparison } from './compare-sources.ts';
import { countsOf, groupsOf, titleOf, verdictOf } from './describe.ts';

/** For people at a terminal. */
export function formatPretty(comparisons: readonly Comparison[]): string {
  return comparisons.map(formatOne).join('\n\n');
}

function formatOne(comparison: Comparison): string {
  const { before, after, changes, verdict } = comparison;
  const lines = [visible(titleOf(comparison)), `  ${visible(before?.shown ?? '(nothing)')} → ${visible(after.shown)}`];
  for (const group of groupsOf(changes)) {
    lines.push('', `  ${group.title}`);
    for (const { class: weight, path, message, kind, why } of group.changes) {
      lines.push(`    ${weight.padEnd(8)}  ${visible(message)}  [${kind}]`);
      lines.push(`              ${visible(path) || '(top)'}`, `              ${why}`);
    }
  }
  if (groupsOf(changes).length > 0) lines.push('', `  ${countsOf(changes)}`);
  lines.push(`  ${verdict.ok ? 'ok' : 'NOT OK'}  ${visible(verdictOf(comparison))}`);
  return lines.join('\n');
}
