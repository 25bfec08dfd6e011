import { randomBytes } from 'node:crypto';
import { constants, statSync } from 'node:fs';
import { chmod, mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ArtifactFiles } from '@org/connector-artifact';
import { CliError, type CliErrorCode } from './errors.ts';

/**
 * The bytes of a file.
 * @throws CliError `CLI_FILE_MISSING`, `CLI_FILE_UNREADABLE`, naming the file.
 */
export async function readBytes(path: string, what: string, maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = await file.stat();
      if (!stats.isFile()) {
        throw new CliError('CLI_FILE_UNREADABLE', `${what} ${path} is no regular file; give the right one`);
      }
      if (stats.size > maxBytes) {
        throw new CliError('CLI_FILE_UNREADABLE', `${what} ${path} is over ${maxBytes} bytes; give the right file`);
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof CliError ? error : fileError(error, 'CLI_FILE_UNREADABLE', what, path, 'read');
  }
}

/** The same as text. */
export async function readText(path: string, what: string): Promise<string> {
  return Buffer.from(await readBytes(path, what, 1_000_000)).toString('utf8');
}

/**
 * Writes a file whole or not at all: an interrupted command leaves the old one. `mode` is for a file that is there already.
 * Throws `CLI_FILE_UNWRITABLE`.
 */
export async function replaceFile(path: string, bytes: Uint8Array | string, mode?: number): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, bytes);
    if (mode !== undefined) await chmod(temporary, mode);
    await rename(temporary, path);
  } catch (error) {
    // Where the file could not be made, it can't be removed either: the first reason is the one to tell.
    await rm(temporary, { force: true }).catch(() => {});
    throw fileError(error, 'CLI_FILE_UNWRITABLE', 'The file', path, 'written');
  }
}

/**
 * Writes what a command was asked to write to a place that people named: through a link, and into a pipe or a device
 * (`/dev/stdout`), which a new file must not take the place of. Throws `CLI_FILE_UNWRITABLE`.
 */
export async function writeOutput(path: string, bytes: Uint8Array | string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats || stats.isDirectory()) return replaceFile(path, bytes);
  if (stats.isFile()) return replaceFile(await realpath(path), bytes, stats.mode & 0o7777);
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw fileError(error, 'CLI_FILE_UNWRITABLE', 'The file', path, 'written');
  }
}

/**
 * Refuses to write over what is read. `read` are paths, or what only looks like one. Throws `CLI_USAGE` naming the option.
 */
export function refuseOverwrite(option: string, shown: string, cwd: string, read: readonly string[]): void {
  if (shown === '') throw new CliError('CLI_USAGE', `${option} is empty; is a variable unset? Name a file`);
  const target = identityOf(resolve(cwd, shown));
  if (target === undefined || !read.some((path) => identityOf(resolve(cwd, path)) === target)) return;
  throw new CliError('CLI_USAGE', `${option} ${shown} would replace a file that this command reads; name another file`);
}

/** The same for every name of a file; undefined for what is not there. */
function identityOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
}

/** Writes a file that must not exist yet. Throws `CLI_FILE_EXISTS`, `CLI_FILE_UNWRITABLE`. */
export async function createFile(path: string, text: string, mode: number): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw fileError(error, 'CLI_FILE_UNWRITABLE', 'The folder', dirname(path), 'written');
  }
  try {
    await writeFile(path, text, { flag: 'wx', mode });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') {
      throw new CliError('CLI_FILE_EXISTS', `${path} exists already and is not overwritten; choose another name`);
    }
    throw fileError(error, 'CLI_FILE_UNWRITABLE', 'The file', path, 'written');
  }
}

/**
 * Puts an artifact's files into a folder, in place of an older artifact. The new folder is complete before the old one
 * goes. Throws `CLI_FILE_EXISTS` when the folder holds anything that is not an artifact's.
 */
export async function replaceArtifactFolder(folder: string, files: ArtifactFiles): Promise<void> {
  await checkReplaceable(folder);
  const temporary = `${folder}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    for (const [name, bytes] of files) {
      await mkdir(dirname(join(temporary, name)), { recursive: true });
      await writeFile(join(temporary, name), bytes);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw fileError(error, 'CLI_FILE_UNWRITABLE', 'The artifact folder', folder, 'written');
  }
}

async function checkReplaceable(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw fileError(error, 'CLI_FILE_UNWRITABLE', 'The artifact folder', folder, 'written');
  }
  // Loaded here: commands that only read files start without it.
  const { isArtifactFileName } = await import('@org/connector-artifact');
  const foreign = names.find((name) => name !== 'signatures' && !isArtifactFileName(name));
  if (foreign === undefined) return;
  throw new CliError(
    'CLI_FILE_EXISTS',
    `${folder} holds ${foreign}, which is no part of an artifact; choose another --out`,
  );
}

/** The system's name for what went wrong, such as `ENOENT`. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function fileError(cause: unknown, code: CliErrorCode, what: string, path: string, verb: string): CliError {
  const errno = errnoOf(cause);
  if (errno === 'ENOENT' && verb === 'read') {
    return new CliError('CLI_FILE_MISSING', `${what} ${path} does not exist; check the path`, { cause });
  }
  return new CliError(code, `${what} ${path} cannot be ${verb} (${errno}); check the path and its permissions`, {
    cause,
  });
}
