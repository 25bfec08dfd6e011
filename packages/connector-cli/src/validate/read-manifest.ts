import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { ConnectorError, isConnectorError } from '@org/connector-sdk';
import { CliError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { fileProblem } from './file-problem.ts';
import type { Input } from './inputs.ts';

/** More than a hundred times the largest manifest here; beyond it something else was named by mistake. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/**
 * The bytes of a manifest on disk. Read at once and without waiting: thousands of small files are fastest so.
 * @throws CliError `CLI_FILE_*`, `CLI_LINK_BROKEN`
 */
export function readManifestFile({ path, shown }: Input): Uint8Array {
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) {
        const why = 'is no regular file, but a pipe, a socket or a device; give a file, or pipe it in and name `-`';
        throw new CliError('CLI_FILE_NOT_REGULAR', `${shown} ${why}`, { details: { file: shown } });
      }
      checkSize(stats.size, shown);
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileProblem(path, shown, error);
  }
}

/** The manifest inside an artifact, a folder or a `.tgz`. Throws ArtifactError, naming the artifact. */
export async function readArtifactManifest({ path, shown }: Input): Promise<Uint8Array> {
  const { MANIFEST_FILE, readArtifact } = await import('@org/connector-artifact');
  const files = await readArtifact(path).catch((error: unknown) => {
    throw isConnectorError(error) ? named(error, path, shown) : error;
  });
  const bytes = files.get(MANIFEST_FILE);
  if (!bytes) throw new CliError('CLI_NO_MANIFEST', `${shown} holds no manifest; build it again`);
  checkSize(bytes.byteLength, shown);
  return bytes;
}

/** Errors of an artifact name the file inside, or the whole path; among many artifacts, people need theirs. */
function named({ code, message, details, cause }: ConnectorError, path: string, shown: string): ConnectorError {
  return new ConnectorError(code, `${shown}: ${message.replaceAll(path, shown)}`, {
    details: { ...details, file: shown },
    cause,
  });
}

/** What is piped in. */
export async function readStandardInput(terminal: Pick<Terminal, 'readInput'>): Promise<Uint8Array> {
  if (!terminal.readInput)
    throw new CliError('CLI_USAGE', 'There is no standard input here; name a file in place of `-`');
  const bytes = await terminal.readInput(MAX_MANIFEST_BYTES);
  checkSize(bytes.byteLength, 'Standard input');
  return bytes;
}

function checkSize(bytes: number, shown: string): void {
  if (bytes <= MAX_MANIFEST_BYTES) return;
  const why = `is over ${MAX_MANIFEST_BYTES / 1024 / 1024} MiB; a manifest never is, so name another file`;
  throw new CliError('CLI_FILE_TOO_LARGE', `${shown} ${why}`, {
    details: { file: shown, maxBytes: MAX_MANIFEST_BYTES },
  });
}
