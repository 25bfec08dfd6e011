/** Offsets into a text, in UTF-16 code units; the end lies behind the last one. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Located {
  /** For each path asked for: the value, or the key of a member that is an object or array; else the nearest one above it. */
  readonly spans: readonly Span[];
  /** Where the text stops being JSON. */
  readonly syntaxError?: number;
  /** A key that its object had already. */
  readonly duplicateKey?: Span;
}

/** Behind this depth nothing is looked for: positions are for people, and memory stays small whatever the text is. */
const MAX_DEPTH = 1000;

/** What is wanted below a value, by key or index. */
interface Wanted {
  readonly below: Map<string, Wanted>;
  span?: Span;
}

interface Open {
  readonly isObject: boolean;
  readonly wanted: Wanted | undefined;
  readonly keys: Set<string>;
  index: number;
}

/**
 * Finds values in JSON text in one pass and without recursion, so that it serves texts that no parser would take.
 * @param paths keys and indices from the top of the document.
 */
export function locate(text: string, paths: readonly (readonly (string | number)[])[]): Located {
  const top = wantedTree(paths);
  const found = scan(text, top);
  return { ...found, spans: paths.map((path) => nearest(top, path)) };
}

function wantedTree(paths: readonly (readonly (string | number)[])[]): Wanted {
  const top: Wanted = { below: new Map() };
  for (const path of paths) {
    let at = top;
    for (const part of path) {
      const next: Wanted = at.below.get(String(part)) ?? { below: new Map() };
      at.below.set(String(part), next);
      at = next;
    }
  }
  return top;
}

function nearest(top: Wanted, path: readonly (string | number)[]): Span {
  let at: Wanted | undefined = top;
  let span = top.span ?? { start: 0, end: 0 };
  for (const part of path) {
    at = at.below.get(String(part));
    if (!at?.span) break;
    span = at.span;
  }
  return span;
}

/** A pushdown reader of RFC 8259: what may come next is known from the innermost open bracket and the token before. */
function scan(text: string, top: Wanted): Omit<Located, 'spans'> {
  const open: Open[] = [];
  let duplicateKey: Span | undefined;
  let key: Span | undefined;
  let wanted: Wanted | undefined = top;
  let at = skipSpace(text, 0);
  const noteDuplicate = (span: Span) => {
    duplicateKey ??= span;
  };
  const result = (syntaxError?: number) => ({
    ...(syntaxError === undefined ? {} : { syntaxError }),
    ...(duplicateKey === undefined ? {} : { duplicateKey }),
  });

  for (;;) {
    // A value starts here.
    const char = text[at];
    if (char === '{' || char === '[') {
      if (wanted) wanted.span = key ?? { start: at, end: at + 1 };
      if (open.length === MAX_DEPTH) return result();
      open.push({ isObject: char === '{', wanted, keys: new Set(), index: -1 });
      at = skipSpace(text, at + 1);
      if (text[at] === (char === '{' ? '}' : ']')) {
        open.pop();
        at += 1;
      } else {
        const entered = enter(text, at, open, noteDuplicate);
        if (typeof entered === 'number') return result(entered);
        ({ at, key, wanted } = entered);
        continue;
      }
    } else {
      const end = endOfScalar(text, at);
      if (end < 0) return result(-end - 1);
      if (wanted) wanted.span = { start: at, end };
      at = end;
    }
    // A value ended here: close what it closes, up to the next comma.
    for (;;) {
      at = skipSpace(text, at);
      const innermost = open.at(-1);
      if (!innermost) return result(at < text.length ? at : undefined);
      if (text[at] === ',') break;
      if (text[at] !== (innermost.isObject ? '}' : ']')) return result(at);
      open.pop();
      at += 1;
    }
    const entered = enter(text, skipSpace(text, at + 1), open, noteDuplicate);
    if (typeof entered === 'number') return result(entered);
    ({ at, key, wanted } = entered);
  }
}

/** Steps to the next value of the innermost bracket: over its key, if it is an object. A number is where that fails. */
function enter(
  text: string,
  start: number,
  open: readonly Open[],
  repeated: (key: Span) => void,
): { at: number; key: Span | undefined; wanted: Wanted | undefined } | number {
  const innermost = open.at(-1);
  if (!innermost?.isObject) {
    if (innermost) innermost.index += 1;
    return { at: start, key: undefined, wanted: innermost?.wanted?.below.get(String(innermost.index)) };
  }
  if (text[start] !== '"') return start;
  const end = endOfString(text, start);
  if (end < 0) return -end - 1;
  const name = String(JSON.parse(text.slice(start, end)));
  if (innermost.keys.has(name)) repeated({ start, end });
  innermost.keys.add(name);
  const colon = skipSpace(text, end);
  if (text[colon] !== ':') return colon;
  return { at: skipSpace(text, colon + 1), key: { start, end }, wanted: innermost.wanted?.below.get(name) };
}

function skipSpace(text: string, at: number): number {
  let end = at;
  while (text[end] === ' ' || text[end] === '\n' || text[end] === '\r' || text[end] === '\t') end += 1;
  return end;
}

const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Where the scalar at `start` ends; where it goes wrong, as `-1 - offset`. */
function endOfScalar(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start);
  SCALAR.lastIndex = start;
  return SCALAR.test(text) ? SCALAR.lastIndex : -1 - start;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '"') return at + 1;
    if (char < ' ') return -1 - at;
    if (char !== '\\') continue;
    ESCAPE.lastIndex = at;
    if (!ESCAPE.test(text)) return -1 - at;
    at = ESCAPE.lastIndex - 1;
  }
  return -1 - text.length;
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
