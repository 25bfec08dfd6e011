import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { parseJsonStrict } from '@org/connector-sdk';
import { z } from 'zod';
import { MANIFEST_FILE } from './artifact-files.ts';
import { ArtifactError } from './errors.ts';

const MAX_PACKAGE_JSON_BYTES = 1_000_000;

/** Below the package, spelt plainly: no `..`, no backslash, nothing absolute. */
const ARTIFACT_PATH = /^(?:\.\/)?(?:[A-Za-z0-9_][A-Za-z0-9._-]*\/){0,8}[A-Za-z0-9_][A-Za-z0-9._-]*$/;

const packageSchema = z.object({
  connector: z.object({ artifact: z.string().max(500).regex(ARTIFACT_PATH).default('./artifact') }),
});

/**
 * Where an artifact lies. For an npm package (a folder with a `package.json` and no manifest of its own; package managers
 * install it as a link) that is what `connector.artifact` of its `package.json` says, `./artifact` if it says nothing;
 * everything else is the artifact itself. The package's own code is not run, and its name and version mean nothing here.
 * @throws ArtifactError `ARTIFACT_PACKAGE_INVALID`.
 */
export async function locateArtifact(source: string): Promise<string> {
  const bytes = await readPackageJson(source);
  if (bytes === undefined) return source;
  const parsed = packageSchema.safeParse(parseJson(source, bytes));
  if (parsed.success) return below(source, parsed.data.connector.artifact);
  const { issues } = parsed.error;
  const hasConnector = issues.every(({ path }) => path.length > 1);
  throw invalid(
    source,
    hasConnector ? 'connector.artifact is not a path below the package' : 'it has no "connector", so it holds none',
    parsed.error,
  );
}

/** A folder on the way could be a link to anywhere; the artifact itself is not allowed to be one by the reader. */
async function below(source: string, path: string): Promise<string> {
  const root = await realpath(source);
  const artifact = join(root, path);
  const folder = await realpath(dirname(artifact)).catch(() => root);
  if (folder === root || folder.startsWith(`${root}${sep}`)) return artifact;
  throw invalid(source, 'connector.artifact leads out of the package through a link');
}

async function readPackageJson(source: string): Promise<Uint8Array | undefined> {
  const file = join(source, 'package.json');
  const [manifest, stats] = await Promise.all([sizeOf(join(source, MANIFEST_FILE)), sizeOf(file)]);
  // An artifact that has been given a package.json is no package: the reader will refuse the extra file.
  if (manifest !== undefined || stats === undefined) return undefined;
  if (stats > MAX_PACKAGE_JSON_BYTES) throw invalid(source, `it is over ${MAX_PACKAGE_JSON_BYTES} bytes`);
  try {
    return await readFile(file);
  } catch (cause) {
    throw invalid(source, 'it cannot be read', cause);
  }
}

/** Of a regular file; `undefined` for anything else, or nothing. */
async function sizeOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? stats.size : undefined;
}

function parseJson(source: string, bytes: Uint8Array): unknown {
  try {
    return parseJsonStrict(bytes);
  } catch (cause) {
    throw invalid(source, cause instanceof Error ? cause.message : 'it is not JSON', cause);
  }
}

function invalid(source: string, why: string, cause?: unknown): ArtifactError {
  const message = `The package.json of ${source} leads to no artifact: ${why}; give the artifact's own path`;
  return new ArtifactError('ARTIFACT_PACKAGE_INVALID', message, { details: { file: 'package.json' }, cause });
}
