import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { RuntimeError } from '../../types/errors.ts';
import type { SystemUser } from './system-user.ts';

/** A data directory of ours: the cluster, its password, and the marker by which we know it. */
export interface DataDirectory {
  readonly path: string;
  /** The Postgres cluster itself, owned by the server's user. */
  readonly cluster: string;
  /** What the server says before its own log starts. */
  readonly startLog: string;
}

const MARKER = 'connector-runtime.json';
const halfMarker = /^connector-runtime\.json\.[0-9a-f]{12}$/;
const markerSchema = z.object({ format: z.literal(1), pid: z.number().int().optional() });

/**
 * The directory at `path`, created where there is none. Throws `DATA_DIRECTORY_FOREIGN` for a directory with something else in
 * it (which is left as it is) and `DATA_DIRECTORY_UNUSABLE` when it can't be written or the server's user can't reach it.
 */
export async function openDataDirectory(
  path: string,
  user: SystemUser | undefined,
  mayCreate: boolean,
): Promise<DataDirectory> {
  const absolute = resolve(path);
  const directory = { path: absolute, cluster: join(absolute, 'postgres'), startLog: join(absolute, 'start.log') };
  if (await isRecognised(absolute)) {
    await verifyReachable(absolute, user);
    return directory;
  }
  if (!mayCreate) {
    throw new RuntimeError(
      'DATA_DIRECTORY_UNUSABLE',
      `There is no runtime's data in ${absolute}: check database.dataDir`,
    );
  }
  if (user !== undefined) await verifyReachable(await nearestExisting(dirname(absolute)), user);
  try {
    await mkdir(absolute, { recursive: true, mode: user === undefined ? 0o700 : 0o711 });
    // `mkdir` is subject to the umask, and an empty directory may have been there before.
    await chmod(absolute, user === undefined ? 0o700 : 0o711);
    await verifyReachable(absolute, user);
    await writeOwner(directory, undefined);
  } catch (error) {
    throw error instanceof RuntimeError ? error : unusable(absolute, error);
  }
  return directory;
}

/** Writes who uses it, for the message that a second runtime gives; the lock itself is held in the database. */
export async function writeOwner({ path }: DataDirectory, pid: number | undefined): Promise<void> {
  await writeAtomically(
    join(path, MARKER),
    `${JSON.stringify({ format: 1, ...(pid === undefined ? {} : { pid }) })}\n`,
  );
}

/** Pid of the runtime that last used it, as far as known. */
export async function readOwner({ path }: DataDirectory): Promise<number | undefined> {
  const marker = markerSchema.safeParse(await readJson(join(path, MARKER)));
  return marker.success ? marker.data.pid : undefined;
}

/** 0600, and never half written. */
async function writeAtomically(path: string, text: string): Promise<void> {
  const half = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(half, text, { mode: 0o600, flag: 'wx', flush: true });
  await rename(half, path);
}

export function unusable(path: string, cause: unknown): RuntimeError {
  const { code, message } = cause as { code?: string; message?: string };
  return new RuntimeError(
    'DATA_DIRECTORY_UNUSABLE',
    `The data directory ${path} can't be used (${code ?? message}): choose one that this user can create and write`,
    { cause },
  );
}

async function isRecognised(path: string): Promise<boolean> {
  let names: string[];
  try {
    names = await readdir(path);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return false;
    throw unusable(path, error);
  }
  // Another runtime may be about to make it ours, or was killed while it did.
  if (names.every((name) => halfMarker.test(name))) return false;
  if (names.includes(MARKER) && markerSchema.safeParse(await readJson(join(path, MARKER))).success) return true;
  throw new RuntimeError(
    'DATA_DIRECTORY_FOREIGN',
    `The directory ${path} holds something else (no ${MARKER}): name an empty or new directory; nothing was changed`,
  );
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

async function nearestExisting(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined || dirname(path) === path ? path : nearestExisting(dirname(path));
}

/** The server's user must be able to pass through every folder above its files. */
async function verifyReachable(path: string, user: SystemUser | undefined): Promise<void> {
  if (user === undefined) return;
  const closed = await firstClosed(path, user);
  if (closed === undefined) return;
  throw new RuntimeError(
    'DATA_DIRECTORY_UNUSABLE',
    `The data directory ${path} is out of reach for the system user that Postgres runs as (uid ${user.uid}): ${closed} is closed to it; run "chmod o+x ${closed}" or choose another data directory`,
    { details: { folder: closed } },
  );
}

async function firstClosed(path: string, user: SystemUser): Promise<string | undefined> {
  const above = dirname(path) === path ? undefined : await firstClosed(dirname(path), user);
  if (above !== undefined) return above;
  const { uid, gid, mode } = await stat(path);
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  return (mode & bit) === 0 ? path : undefined;
}
