import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ArtifactError, type ArtifactFiles, MANIFEST_FILE, readArtifact } from '@org/connector-artifact';
import { type Manifest, parseManifest } from '@org/connector-sdk';
import { toPointer, validateManifest } from '@org/connector-sdk/validation';
import { CliError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { readManifestFile } from '../validate/read-manifest.ts';
import { type GitFile, parseGitFile, readGitFile } from './git-file.ts';

/** A manifest, and where it came from. */
export interface ManifestSource {
  /** As it was named. */
  readonly shown: string;
  readonly manifest: Manifest;
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** All files, when it came in an artifact. */
  readonly files?: ArtifactFiles;
  /** It is the file of that name on disk. */
  readonly isFile: boolean;
}

/**
 * Reads a manifest from a file, an artifact (a folder, a `.tgz`, an installed package) or a commit (`<ref>:<path>`). What
 * is on disk is preferred. No signature is checked.
 * @throws CliError `CLI_MANIFEST_INVALID`, `CLI_FILE_*`, `CLI_LINK_BROKEN`, `CLI_GIT_*`, `CLI_USAGE`; ArtifactError.
 */
export async function readSource(shown: string, terminal: Terminal): Promise<ManifestSource> {
  if (shown === '') throw new CliError('CLI_USAGE', 'A path is empty; is a variable unset? Name a manifest');
  const path = resolve(terminal.cwd, shown);
  const inGit = existsSync(path) ? undefined : parseGitFile(shown);
  if (inGit) return readCommitted(inGit, terminal);
  if (isArtifact(path)) {
    const files = await readNamedArtifact(shown, terminal);
    const bytes = files.get(MANIFEST_FILE) ?? new Uint8Array();
    return { shown, manifest: parseNamed(shown, bytes), bytes, files, isFile: false };
  }
  const bytes = readManifestFile({ kind: 'manifest', shown, path });
  return { shown, manifest: parseNamed(shown, bytes), bytes, isFile: true };
}

/** A folder or an archive; and of what is not there, what does not end like a manifest. */
function isArtifact(path: string): boolean {
  if (/\.(?:tgz|tar\.gz)$/.test(path)) return true;
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? stats.isDirectory() : !path.endsWith('.json');
}

/** The same from a commit, whatever is on disk. */
export async function readCommitted(file: GitFile, terminal: Terminal): Promise<ManifestSource> {
  const bytes = await readGitFile(file, terminal);
  const shown = `${file.ref}:${file.path}`;
  return { shown, manifest: parseNamed(shown, bytes), bytes, isFile: false };
}

/** An artifact's files; errors say which artifact. */
async function readNamedArtifact(shown: string, { cwd }: Terminal): Promise<ArtifactFiles> {
  const path = resolve(cwd, shown);
  try {
    return await readArtifact(path);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    const message = error.message.replaceAll(path, shown);
    throw new ArtifactError(error.code, message.includes(shown) ? message : `${shown}: ${message}`, {
      details: { ...error.details, artifact: shown },
      cause: error,
    });
  }
}

function parseNamed(shown: string, bytes: Uint8Array): Manifest {
  // Also refuses what is nested so deep that walking it could exhaust the stack.
  const [problem] = validateManifest(bytes, { rules: [] });
  if (!problem) return parseManifest(bytes);
  const place = problem.path.length > 0 ? ` at ${toPointer(problem.path)}` : '';
  throw new CliError(
    'CLI_MANIFEST_INVALID',
    `${shown} is no manifest${place}: ${problem.message}; \`connector validate\` tells all that is wrong with it`,
    { details: { file: shown, rule: problem.ruleId } },
  );
}
