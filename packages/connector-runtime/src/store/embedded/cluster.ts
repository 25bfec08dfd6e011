import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RuntimeError } from '../../types/errors.ts';
import type { PostgresBinaries } from './binaries.ts';
import type { DataDirectory } from './data-directory.ts';
import { unusable } from './data-directory.ts';
import type { SystemUser } from './system-user.ts';

const run = promisify(execFile);

/** Name of the cluster's owner and of its database. */
export const NAME = 'connector';

/** The cluster's password, after making sure that there is a cluster of this Postgres version. */
export async function ensureCluster(
  directory: DataDirectory,
  binaries: PostgresBinaries,
  user: SystemUser | undefined,
): Promise<string> {
  const version = await readFile(join(directory.cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) await createCluster(directory, binaries, user);
  else if (version.trim() !== binaries.version.split('.')[0]) {
    throw new RuntimeError(
      'DATA_DIRECTORY_UNUSABLE',
      `The data directory ${directory.path} was made by Postgres ${version.trim()}, this is ${binaries.version}: dump it with the version that made it and restore into a new directory`,
    );
  }
  try {
    return await readFile(passwordFile(directory), 'utf8');
  } catch (error) {
    throw unusable(directory.path, error);
  }
}

const passwordFile = ({ path }: Pick<DataDirectory, 'path'>) => join(path, 'password');

/** Made beside its place and moved there when complete, so that a crash in between leaves no half cluster to trip over. */
async function createCluster(
  directory: DataDirectory,
  { folder }: PostgresBinaries,
  user: SystemUser | undefined,
): Promise<void> {
  const half = `${directory.cluster}.${randomBytes(6).toString('hex')}`;
  try {
    const password = await ensurePassword(directory);
    await mkdir(half, { mode: 0o700 });
    const pwfile = join(half, 'pwfile');
    await writeFile(pwfile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    await mkdir(join(half, 'data'), { mode: 0o700 });
    if (user !== undefined)
      for (const path of [half, pwfile, join(half, 'data')]) await chown(path, user.uid, user.gid);
    await run(
      join(folder, 'bin/initdb'),
      [
        ...['-D', join(half, 'data'), '-U', NAME, '-A', 'scram-sha-256', `--pwfile=${pwfile}`],
        ...['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
      ],
      { ...user, cwd: '/', env: { PATH: process.env.PATH ?? '', TZ: 'UTC' } },
    );
    await rename(join(half, 'data'), directory.cluster);
  } catch (error) {
    // Another runtime may have been faster; which of them may use it, the lock decides.
    if (await stat(join(directory.cluster, 'PG_VERSION')).catch(() => undefined)) return;
    throw unusable(directory.path, error);
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

/** One password, whoever comes first: `link` refuses to replace. */
async function ensurePassword({ path }: DataDirectory): Promise<string> {
  const file = passwordFile({ path });
  const half = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(half, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx', flush: true });
    await link(half, file);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  } finally {
    await rm(half, { force: true });
  }
  return readFile(file, 'utf8');
}
