import { SdkError } from './errors.ts';

/**
 * Parses JSON whose bytes were or will be signed: strict UTF-8, no byte-order mark, no duplicate key, nothing that programs
 * read differently (half characters, numbers beyond all doubles, `__proto__`).
 * A duplicate key would mean one thing to one parser and another to the next.
 *
 * @throws SdkError `JSON_NOT_UTF8` | `JSON_INVALID` | `JSON_DUPLICATE_KEY`
 */
export function parseJsonStrict(bytes: Uint8Array): unknown {
  const text = decodeStrict(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SdkError('JSON_INVALID', 'not JSON: check for a missing or extra comma, bracket or quote', { cause });
  }
  // A key that stands twice is one less in the value: only then is it worth its search.
  const duplicate = countColons(text) === countKeys(value) ? undefined : findDuplicateKey(text);
  if (duplicate !== undefined) {
    throw new SdkError(
      'JSON_DUPLICATE_KEY',
      `the key ${JSON.stringify(duplicate)} stands twice in one object: keep one`,
      {
        details: { key: duplicate },
      },
    );
  }
  // Rare enough in a text that almost none is walked for it.
  if (/\\u|__proto__|\d[eE]\+?\d{3}|\d{300}/.test(text)) requireInterchangeable(value);
  return value;
}

/** What RFC 7493 (I-JSON) leaves out because programs read it differently, and the one key that objects of this language can't hold as data. */
function requireInterchangeable(value: unknown): void {
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next === 'number' && !Number.isFinite(next)) throw notInterchangeable('a number is too large');
    if (typeof next === 'string' && !next.isWellFormed()) throw notInterchangeable('a text holds half a character');
    if (typeof next !== 'object' || next === null) continue;
    for (const [key, item] of Object.entries(next)) {
      if (key === '__proto__') throw notInterchangeable('a key is called "__proto__"');
      pending.push(key, item);
    }
  }
}

function notInterchangeable(what: string): SdkError {
  return new SdkError('JSON_INVALID', `not JSON that every program reads alike: ${what}`);
}

function decodeStrict(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new SdkError('JSON_NOT_UTF8', 'starts with a byte-order mark: save it as UTF-8 without one');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SdkError('JSON_NOT_UTF8', 'is not UTF-8 text: save it as UTF-8', { cause });
  }
}

/** Colons outside of strings, in text that `JSON.parse` accepted: one for each key that is written. */
function countColons(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === COLON) count += 1;
    else if (character === QUOTE) at = endOfString(text, at);
  }
  return count;
}

const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Where the quote is that ends the string which starts at `start`: the next one behind an even number of backslashes. */
function endOfString(text: string, start: number): number {
  let end = start;
  let escapes: number;
  do {
    end = text.indexOf('"', end + 1);
    escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
  } while (escapes % 2 === 1);
  return end;
}

function countKeys(value: unknown): number {
  let count = 0;
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== 'object' || next === null) continue;
    const items = Object.values(next);
    if (!Array.isArray(next)) count += items.length;
    for (const item of items) if (typeof item === 'object') pending.push(item);
  }
  return count;
}

/** Scans text that `JSON.parse` accepted, so structure need not be checked again: a string is a key exactly when a colon follows. */
function findDuplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [lexeme, colon] = match;
    if (lexeme === '{') open.push(new Set());
    else if (lexeme === '}') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(lexeme.slice(0, lexeme.length - colon.length)) as string;
      const seen = open.at(-1);
      if (seen?.has(key)) return key;
      seen?.add(key);
    }
  }
  return undefined;
}
