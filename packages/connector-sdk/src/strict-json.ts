import { SdkError } from './errors.ts';

/**
 * Parses JSON whose bytes were or will be signed: strict UTF-8, no byte-order mark, no duplicate key.
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
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) {
    throw new SdkError(
      'JSON_DUPLICATE_KEY',
      `the key ${JSON.stringify(duplicate)} stands twice in one object: keep one`,
      {
        details: { key: duplicate },
      },
    );
  }
  return value;
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
