import { listSubjects, MANIFEST_FILE } from '@org/connector-artifact';
import { type Change, diffContents, diffManifests, judgeVersion, type VersionVerdict } from '@org/connector-sdk/diff';
import { CliError } from '../errors.ts';
import type { ManifestSource } from '../source/read-source.ts';

/** Two releases of one connector, side by side. */
export interface Comparison {
  /** Undefined when the connector is new. */
  readonly before: ManifestSource | undefined;
  readonly after: ManifestSource;
  readonly changes: readonly Change[];
  readonly verdict: VersionVerdict;
}

/**
 * What changed from one release to the next, and whether its version says so.
 * @throws CliError `CLI_USAGE` when they are of two connectors.
 */
export function compareSources(before: ManifestSource, after: ManifestSource): Comparison {
  const [old, young] = [before.manifest, after.manifest];
  if (old.id !== young.id) {
    const ids = `${before.shown} is ${old.id}, ${after.shown} is ${young.id}`;
    throw new CliError('CLI_USAGE', `These are two connectors: ${ids}; compare two releases of one`);
  }
  const contents = before.files && after.files ? diffContents(digestsOf(before), digestsOf(after)) : [];
  const changes = [...diffManifests(old, young), ...contents];
  return { before, after, changes, verdict: judgeVersion(old.version, young.version, changes) };
}

/** A connector that was not there before: nothing can break. */
export function newConnector(after: ManifestSource): Comparison {
  const { version } = after.manifest;
  return { before: undefined, after, changes: [], verdict: { ...judgeVersion(version, version, []) } };
}

function digestsOf({ files = new Map() }: ManifestSource): Record<string, string> {
  const subjects = listSubjects(files).filter(({ name }) => name !== MANIFEST_FILE);
  return Object.fromEntries(subjects.map(({ name, digest }) => [name, digest.sha256]));
}
