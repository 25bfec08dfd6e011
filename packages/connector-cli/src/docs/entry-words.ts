import { code, inline } from './markdown.ts';

/** In the order of their names, whatever the order in the manifest. */
export function entries<V>(record: Readonly<Record<string, V>>): [string, V][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

export function deprecationOf({ since, use }: { readonly since: string; readonly use?: string | undefined }): string {
  return `**Deprecated** since ${inline(since)}${use === undefined ? '' : `; use ${code(use)}`}.`;
}

/** The head of what is said about one action, trigger or channel. */
export function entryHead(what: string, key: string, entry: Entry): string[] {
  return [
    `### ${what[0]?.toUpperCase()}${what.slice(1)} ${code(key)}`,
    '',
    `**${inline(entry.title)}.** ${inline(entry.description)}`,
    ...(entry.deprecated ? ['', deprecationOf(entry.deprecated)] : []),
    '',
  ];
}

interface Entry {
  readonly title: string;
  readonly description: string;
  readonly deprecated?: { readonly since: string; readonly use?: string | undefined } | undefined;
}

export function scopesNeeded(scopes: readonly string[]): string {
  return scopes.length === 0 ? '- needs no scope' : `- needs ${scopes.map(code).join(', ')}`;
}

/** Seconds as people say them. */
export function duration(seconds: number): string {
  for (const [unit, size] of [
    ['hour', 3600],
    ['minute', 60],
  ] as const) {
    if (seconds >= size && seconds % size === 0) return count(seconds / size, unit);
  }
  return count(seconds, 'second');
}

/** Bytes as people say them. */
export function bytes(size: number): string {
  for (const [unit, one] of [
    ['MiB', 1_048_576],
    ['KiB', 1024],
  ] as const) {
    if (size >= one && size % one === 0) return `${size / one} ${unit}`;
  }
  return count(size, 'byte');
}

function count(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? '' : 's'}`;
}
