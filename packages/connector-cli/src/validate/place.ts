import { locate, type Span } from './locate.ts';

/** Where something stands in a file: lines and columns from 1, columns in UTF-16 code units, the end behind the last one. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** The line itself, or the part of a long one around the place. */
  readonly excerpt: string;
  /** Where the place begins in the excerpt, from 0. */
  readonly excerptColumn: number;
}

type Path = readonly (string | number)[];

/**
 * The places of findings in a file. A file that is no JSON, or has a key twice, has that place for what concerns it as a
 * whole.
 */
export function placesIn(bytes: Uint8Array, paths: readonly Path[]): Place[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const { spans, syntaxError, duplicateKey } = locate(text, paths);
  const whole =
    syntaxError === undefined ? duplicateKey : { start: syntaxError, end: Math.min(syntaxError + 1, text.length) };
  const lines = lineStarts(text);
  return spans.map((span, index) => toPlace(text, lines, (paths[index]?.length === 0 && whole) || span));
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function toPlace(text: string, lines: readonly number[], { start, end }: Span): Place {
  const first = lineAt(lines, start);
  const last = lineAt(lines, end);
  const lineStart = lines[first] ?? 0;
  const column = start - lineStart;
  const cut = Math.max(0, column - BEFORE);
  const lineEnd = (lines[first + 1] ?? text.length + 1) - 1;
  return {
    line: first + 1,
    column: column + 1,
    endLine: last + 1,
    endColumn: end - (lines[last] ?? 0) + 1,
    excerpt: text.slice(lineStart + cut, Math.min(lineEnd, lineStart + cut + WIDTH)).trimEnd(),
    excerptColumn: column - cut,
  };
}

/** An artifact's manifest is one line of many thousand characters: this much of it is shown. */
const WIDTH = 120;
const BEFORE = 60;

/** The last line that starts at or before the offset. */
function lineAt(lines: readonly number[], offset: number): number {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
