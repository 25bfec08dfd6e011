import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArtifactFiles,
  type ArtifactLimits,
  checkFileName,
  copyFiles,
  defaultArtifactLimits,
  fileCollector,
  tooLarge,
} from './artifact-files.ts';
import { locateArtifact } from './artifact-package.ts';
import { ArtifactError } from './errors.ts';
import { gunzipOneMember } from './gzip.ts';
import { readTar } from './tar.ts';

/**
 * Reads an artifact into memory, from a directory, a `.tgz` or an installed npm package (see `locateArtifact`). It trusts
 * nothing it reads and checks no signature: pass the result to `verifyArtifact`, and use only what that returns.
 * @throws ArtifactError `ARTIFACT_NOT_FOUND`, `ARTIFACT_ACCESS_FAILED`, `ARTIFACT_UNREADABLE`, `ARTIFACT_TOO_LARGE`, `ARTIFACT_PATH_UNSAFE`,
 * `ARTIFACT_FILE_TYPE`, `ARTIFACT_FILE_DUPLICATE`, `ARTIFACT_FILE_EXTRA`, `ARTIFACT_FILE_MISSING`, `ARTIFACT_PACKAGE_INVALID`.
 */
export async function readArtifact(source: string, limits = defaultArtifactLimits): Promise<ArtifactFiles> {
  const path = await locateArtifact(source);
  const stats = await lstat(path).catch((cause: unknown) => {
    throw notReadable(path, cause);
  });
  if (stats.isDirectory()) return readDirectory(path, limits);
  if (!stats.isFile()) throw notRegular(path);
  return readArtifactBytes(await readRegularFile(path, path, packedBytes(limits)), limits);
}

/** The same for a `.tgz` that is already in memory. */
export function readArtifactBytes(tgz: Uint8Array, limits = defaultArtifactLimits): ArtifactFiles {
  const tar = gunzipOneMember(tgz, Math.min(packedBytes(limits), tgz.length * limits.maxCompressionRatio));
  const files = new Map<string, Uint8Array>();
  readTar(tar, fileCollector(files, limits));
  return copyFiles(files, limits);
}

/** The most bytes of a tar within the limits: 1 KiB per file covers header and padding, 64 KiB the end. */
function packedBytes({ maxTotalBytes, maxFiles }: ArtifactLimits): number {
  return maxTotalBytes + maxFiles * 1024 + 65_536;
}

async function readDirectory(root: string, limits: ArtifactLimits): Promise<ArtifactFiles> {
  const files = new Map<string, Uint8Array>();
  const add = fileCollector(files, limits);
  for (const name of await listFiles(root)) {
    checkFileName(name);
    add(name, await readRegularFile(join(root, name), name, limits.maxFileBytes));
  }
  return copyFiles(files, limits);
}

async function listFiles(root: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for (const entry of await readdir(root, { withFileTypes: true })) {
      if (entry.name !== 'signatures' || !entry.isDirectory()) names.push(entry.name);
      else for (const name of await readdir(join(root, entry.name))) names.push(`signatures/${name}`);
    }
  } catch (cause) {
    throw notReadable(root, cause);
  }
  return names.sort();
}

/** Opens once, without following a link, and reads from that handle: no second look-up can swap the file. */
async function readRegularFile(path: string, shown: string, maxBytes: number): Promise<Uint8Array> {
  // O_NONBLOCK keeps a named pipe from blocking the open; O_NOFOLLOW is 0 on Windows, where lstat has to do.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  if ((await lstat(path).catch(() => undefined))?.isSymbolicLink()) throw notRegular(shown);
  const file = await open(path, flags).catch((cause: unknown) => {
    throw notReadable(shown, cause);
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw notRegular(shown);
    if (stats.size > maxBytes) throw tooLarge(shown, `a file of over ${maxBytes} bytes`);
    return await readBounded(file, shown, maxBytes);
  } finally {
    await file.close();
  }
}

async function readBounded(file: FileHandle, shown: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(65_536), 0, 65_536, null);
    if (bytesRead === 0) return Buffer.concat(chunks, total);
    total += bytesRead;
    if (total > maxBytes) throw tooLarge(shown, `a file of over ${maxBytes} bytes`);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

function notRegular(file: string): ArtifactError {
  return new ArtifactError('ARTIFACT_FILE_TYPE', `${file} is not a regular file; replace links by what they point to`, {
    details: { file },
  });
}

function notReadable(file: string, cause: unknown): ArtifactError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  if (reason === 'ENOENT' || reason === 'ENOTDIR') {
    return new ArtifactError('ARTIFACT_NOT_FOUND', `There is no artifact at ${file}; check the path`, {
      details: { file },
      cause,
    });
  }
  return new ArtifactError('ARTIFACT_ACCESS_FAILED', `${file} cannot be read (${reason}); check its permissions`, {
    details: { file, reason },
    cause,
  });
}
