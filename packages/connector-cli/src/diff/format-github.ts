import type { Change } from '@org/connector-sdk/diff';
import { visible } from '../formats/visible.ts';
import { placesIn } from '../validate/place.ts';
import type { Comparison } from './compare-sources.ts';
import { countsOf, titleOf, verdictOf } from './describe.ts';

/**
 * Workflow commands, which GitHub shows beside the lines of a pull request: an error when the version does not fit, a
 * warning for each change that is security-relevant or breaking.
 * Source: GitHub docs, "Workflow commands for GitHub Actions".
 */
export function formatGithub(comparisons: readonly Comparison[]): string {
  return comparisons.flatMap(annotationsOf).join('\n');
}

function annotationsOf(comparison: Comparison): string[] {
  const { after, changes, verdict } = comparison;
  const told = changes.filter((change) => change.security || change.class === 'breaking');
  const paths = [['version'], ...told.map(({ path }) => keysOf(path))];
  const [versionAt, ...places] = after.isFile ? placesIn(after.bytes, paths).map(({ line }) => line) : [];
  const file = after.isFile ? after.shown : undefined;
  const lines = told.map((change, index) =>
    annotation('warning', titleFor(change), textOf(change), file, places[index]),
  );
  if (!verdict.ok) {
    const text = `${verdictOf(comparison)} (${countsOf(changes)})`;
    lines.unshift(annotation('error', 'version does not fit the changes', text, file, versionAt));
  }
  return [...lines, visible(`${titleOf(comparison)}: ${countsOf(changes)}. ${verdictOf(comparison)}`)];
}

function titleFor({ security, class: weight, kind }: Change): string {
  return `${security ? `security-relevant, ${weight}` : weight}: ${kind}`;
}

function textOf({ message, path, why }: Change): string {
  return `${message}\n${path || '(top)'}\n${why}`;
}

function annotation(kind: 'error' | 'warning', title: string, text: string, file?: string, line?: number): string {
  const properties = Object.entries({ file, line, title }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${escapeProperty(String(value))}`],
  );
  return `::${kind} ${properties.join(',')}::${escapeText(text.split('\n').map(visible).join('\n'))}`;
}

function keysOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What a manifest says is a stranger's text: unescaped, a line break in it would start a command of its own. */
function escapeText(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeText(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
