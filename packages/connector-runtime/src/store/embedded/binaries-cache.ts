import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, cp, lstat, mkdir, readdir, readFile, readlink, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { RuntimeError } from '../../types/errors.ts';
import type { PostgresBinaries } from './binaries.ts';
import type { SystemUser } from './system-user.ts';

const run = promisify(execFile);

const CACHE_FOLDER = '/var/cache/connector-runtime';

/**
 * The binaries where `user` can execute them. A checkout under a private folder (0700, as `mktemp -d` makes it) is closed to
 * the unprivileged user: then they are copied once to a cache that only root can write. Throws `ENVIRONMENT_UNSUPPORTED`.
 */
export async function executableBinaries(
  binaries: PostgresBinaries,
  user: SystemUser,
  cacheFolder = CACHE_FOLDER,
): Promise<PostgresBinaries> {
  if (await canExecute(binaries, user)) return binaries;
  const cached = { ...binaries, folder: await copyOnce(binaries, cacheFolder) };
  if (await canExecute(cached, user)) return cached;
  throw new RuntimeError(
    'ENVIRONMENT_UNSUPPORTED',
    `The system user ${user.uid} can't execute Postgres in ${cached.folder}: mount it without noexec, or set database.url`,
  );
}

async function canExecute({ folder }: PostgresBinaries, { uid, gid }: SystemUser): Promise<boolean> {
  try {
    await run(join(folder, 'bin/postgres'), ['--version'], { uid, gid, cwd: '/', env: {} });
    return true;
  } catch {
    return false;
  }
}

/** The folder's name has the content's hash, so a cache that another install made is reused only when it is the same build. */
async function copyOnce({ folder, version }: PostgresBinaries, cacheFolder: string): Promise<string> {
  const target = join(cacheFolder, `postgres-${version}-${(await hashTree(folder)).slice(0, 16)}`);
  if (await isOurs(target)) return target;
  await mkdir(cacheFolder, { recursive: true, mode: 0o755 });
  if (!(await isOurs(cacheFolder))) throw notOurs(cacheFolder);
  const half = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(half, { mode: 0o700 });
    for (const part of ['bin', 'lib', 'share']) {
      await cp(join(folder, part), join(half, part), { recursive: true, verbatimSymlinks: true });
    }
    await openForReading(half);
    await rename(half, target);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    // Another runtime may have been faster: its copy is as good.
    if (await isOurs(target)) return target;
    throw error;
  }
  return target;
}

/** Root's own folder, which nobody else can write or replace: whoever could would run code as the server's user. */
async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return false;
  if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) throw notOurs(path);
  for (let above = dirname(path); above !== dirname(above); above = dirname(above)) {
    const { uid, mode } = await lstat(above);
    // In a sticky folder, as /tmp is, only the owner can replace what is in it.
    if (uid !== 0 || ((mode & 0o022) !== 0 && (mode & 0o1000) === 0)) throw notOurs(above);
  }
  return true;
}

function notOurs(path: string): RuntimeError {
  return new RuntimeError(
    'ENVIRONMENT_UNSUPPORTED',
    `${path} must be a folder of root that nobody else can write: remove it or run "chown root ${path} && chmod 755 ${path}"`,
  );
}

async function openForReading(path: string): Promise<void> {
  const found = await lstat(path);
  if (found.isSymbolicLink()) return;
  await chmod(path, found.isDirectory() || (found.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (found.isDirectory()) for (const name of await readdir(path)) await openForReading(join(path, name));
}

async function hashTree(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.sort((a, b) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1))) {
    const path = join(entry.parentPath, entry.name);
    hash.update(`${path.slice(folder.length)}\0`);
    if (entry.isSymbolicLink()) hash.update(await readlink(path));
    else if (entry.isFile())
      hash.update(
        createHash('sha256')
          .update(await readFile(path))
          .digest(),
      );
  }
  return hash.digest('hex');
}
