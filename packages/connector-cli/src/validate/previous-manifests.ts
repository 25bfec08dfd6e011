import { isConnectorError, type Manifest, parseManifest } from '@org/connector-sdk';
import { CliError } from '../errors.ts';
import { listInputs } from './inputs.ts';
import { readArtifactManifest, readManifestFile } from './read-manifest.ts';

/**
 * The manifests of earlier releases, by connector id, from a manifest, a folder of them or an artifact.
 * @throws CliError `CLI_USAGE` for what is no manifest, or for two of one connector; and what reading throws.
 */
export async function readPreviousManifests(path: string, cwd: string): Promise<Map<string, Manifest>> {
  const manifests = new Map<string, Manifest>();
  for (const input of listInputs([path], cwd)) {
    if (input.kind === 'unreadable') throw input.error;
    if (input.kind === 'stdin') throw new CliError('CLI_USAGE', '--against takes a file or a folder, not `-`');
    const bytes = input.kind === 'manifest' ? readManifestFile(input) : await readArtifactManifest(input);
    const manifest = parsePrevious(input.shown, bytes);
    if (manifests.has(manifest.id)) {
      const message = `--against ${path} holds two manifests of ${manifest.id}; name the one of its last release`;
      throw new CliError('CLI_USAGE', message);
    }
    manifests.set(manifest.id, manifest);
  }
  return manifests;
}

function parsePrevious(shown: string, bytes: Uint8Array): Manifest {
  try {
    return parseManifest(bytes);
  } catch (cause) {
    if (!isConnectorError(cause)) throw cause;
    const message = `--against ${shown} is no manifest to compare with: ${cause.message}; name that of a release`;
    throw new CliError('CLI_USAGE', message, { details: { file: shown, reason: cause.code }, cause });
  }
}

/** The id that a manifest claims; undefined when it can't be read, which the check itself will say. */
export function connectorIdOf(bytes: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value !== 'object' || value === null || !('id' in value)) return undefined;
    return typeof value.id === 'string' ? value.id : undefined;
  } catch {
    return undefined;
  }
}
