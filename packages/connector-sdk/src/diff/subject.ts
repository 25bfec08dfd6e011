import type { Path } from './change.ts';

const COLLECTIONS: ReadonlyMap<string | number | undefined, string> = new Map([
  ['actions', 'action'],
  ['triggers', 'trigger'],
  ['approvalChannels', 'approval channel'],
  ['scopes', 'scope'],
]);

/** What a place in a manifest belongs to, in words: `action close-ticket`, `auth token`, `the connection`. */
export function subjectOf(path: Path): string {
  const [top, key, name] = path;
  const collection = COLLECTIONS.get(top);
  if (collection !== undefined && key !== undefined) return `${collection} ${key}`;
  if (top === 'connection') return key === 'auth' && name !== undefined ? `auth ${name}` : 'the connection';
  return 'the connector';
}

const LONGEST_QUOTE = 120;

/** A word of a manifest as it stands in a message. Manifests are compared as they are: what is no text is quoted. */
export function plain(value: unknown): string {
  return typeof value === 'string' ? value : quote(value);
}

/** A value as it is quoted in a message: JSON, cut when it is long. */
export function quote(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
}
