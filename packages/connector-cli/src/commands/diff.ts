import { isConnectorError } from '@org/connector-sdk';
import { type Comparison, compareSources, newConnector } from '../diff/compare-sources.ts';
import { formatGithub } from '../diff/format-github.ts';
import { formatMarkdown } from '../diff/format-markdown.ts';
import { formatPretty } from '../diff/format-pretty.ts';
import { CliError } from '../errors.ts';
import { gitPathOf } from '../source/git-file.ts';
import { type ManifestSource, readCommitted, readSource } from '../source/read-source.ts';
import type { Report, Terminal } from '../terminal.ts';

const FORMATS = { pretty: formatPretty, github: formatGithub, markdown: formatMarkdown } as const;

export interface DiffOptions {
  readonly ref?: string;
  readonly format: keyof typeof FORMATS | 'json';
  readonly json?: boolean;
  readonly failOn?: 'security' | 'breaking';
  readonly allowNew?: boolean;
}

/**
 * `connector diff <old> <new>`, `connector diff --ref <ref> <paths…>`: what changed between two releases, and whether the
 * new version says so.
 */
export async function diff(sources: readonly string[], options: DiffOptions, terminal: Terminal): Promise<Report> {
  const comparisons: Comparison[] = [];
  for (const [readOld, young] of pairsOf(sources, options, terminal)) {
    const after = await readSource(young, terminal);
    const before = await orNothing(readOld, options);
    comparisons.push(before ? compareSources(before, after) : newConnector(after));
  }
  const ok = comparisons.every((comparison) => comparison.verdict.ok && !isRefused(comparison, options));
  const { format } = options;
  const json = { comparisons: comparisons.map((comparison) => toJson(comparison, options)) };
  if (format === 'json' || options.json === true) return { ok, lines: [], json };
  return { ok, lines: FORMATS[format](comparisons).split('\n'), json };
}

const ABSENT: ReadonlySet<string> = new Set(['CLI_FILE_MISSING', 'CLI_GIT_FILE_MISSING', 'ARTIFACT_NOT_FOUND']);

type ReadSource = () => Promise<ManifestSource>;

/** Each new release with the way to the older one. */
function pairsOf(sources: readonly string[], { ref }: DiffOptions, terminal: Terminal): [ReadSource, string][] {
  if (ref !== undefined) {
    return sources.map((path) => [() => readCommitted({ ref, path: gitPathOf(path, terminal.cwd) }, terminal), path]);
  }
  const [old, young, ...more] = sources;
  if (old !== undefined && young !== undefined && more.length === 0) return [[() => readSource(old, terminal), young]];
  throw new CliError('CLI_USAGE', 'Name two releases, the older one first; or manifests with --ref <ref>');
}

async function orNothing(read: ReadSource, { allowNew }: DiffOptions): Promise<ManifestSource | undefined> {
  try {
    return await read();
  } catch (error) {
    if (allowNew && isConnectorError(error) && ABSENT.has(error.code)) return undefined;
    throw error;
  }
}

function isRefused({ changes }: Comparison, { failOn }: DiffOptions): boolean {
  if (failOn === undefined) return false;
  return changes.some((change) => (failOn === 'security' ? change.security : change.class === 'breaking'));
}

function toJson(comparison: Comparison, options: DiffOptions): object {
  const { before, after, changes, verdict } = comparison;
  return {
    id: after.manifest.id,
    ok: verdict.ok && !isRefused(comparison, options),
    old: before ? { source: before.shown, version: before.manifest.version } : null,
    new: { source: after.shown, version: after.manifest.version },
    version: verdict,
    changes,
  };
}
