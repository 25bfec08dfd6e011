import { visible } from '../formats/visible.ts';

/**
 * Text from outside as Markdown that shows exactly this text, in one line: it can make no link, picture, HTML, heading,
 * list, table cell or mention. Comments break up what GitHub links after Markdown was read, where no escape helps.
 */
export function inline(text: string): string {
  return visible(text.replaceAll(/\s+/g, ' ').trim())
    .replaceAll(/[\\`*[\]{}|~$^]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/^[-+=#]/, '\\$&')
    .replace(/^(\d{1,9})([.)])/, '$1\\$2')
    .replaceAll(/[@#](?=\w)|\b(?:www|GH)(?=[.-])|:(?=\/)/gi, '$&<!-- -->');
}

/** Text from outside as code. With a bar in it, it is HTML: in a table, no escape of Markdown keeps both bar and backslash. */
export function code(text: string): string {
  const shown = visible(text.replaceAll(/\s+/g, ' '));
  if (shown.includes('|')) return `<code>${shown.replaceAll(/[^\p{L}\p{N} ]/gu, toEntity)}</code>`;
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^`|`$|^ .* $/.test(shown) || shown.trim() === '' ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}

function toEntity(character: string): string {
  return `&#${character.codePointAt(0)};`;
}

/** A table; its cells are Markdown, in which every bar is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)];
}
