import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RuntimeError } from '../../types/errors.ts';

const run = promisify(execFile);

/** Whom the server's processes run as. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

const NAME = 'postgres';

/**
 * Postgres refuses to run as root: then its files and processes belong to the system user `postgres`, which is created where
 * there is none. Undefined when this process isn't root: the server simply runs as the same user.
 */
export async function findServerUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return (await lookUp()) ?? (await create());
}

async function lookUp(): Promise<SystemUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', NAME]), run('id', ['-g', NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

async function create(): Promise<SystemUser> {
  let cause: unknown;
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', NAME]);
  } catch (error) {
    // Another process may have created it in between.
    cause = error;
  }
  const user = await lookUp();
  if (user !== undefined) return user;
  throw new RuntimeError(
    'ENVIRONMENT_UNSUPPORTED',
    `Postgres does not run as root, and the system user "${NAME}" could not be created: create it, or start as another user`,
    { cause },
  );
}
