import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { RuntimeError } from '../../types/errors.ts';
import type { Log } from '../../types/log.ts';
import { findBinaries, type PostgresBinaries } from './binaries.ts';
import { executableBinaries } from './binaries-cache.ts';
import { ensureCluster, NAME } from './cluster.ts';
import { type DataDirectory, openDataDirectory, readOwner, writeOwner } from './data-directory.ts';
import { localUrl, stopPostmaster } from './postmaster.ts';
import { connectOrStart, type RunningServer, type ServerPlan } from './start-server.ts';
import { findServerUser, type SystemUser } from './system-user.ts';

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** Of 127.0.0.1; a free one when left out. */
  readonly port?: number;
  /**
   * True: one runtime only (`DATA_DIRECTORY_LOCKED` otherwise). False, for tools that read while a runtime works: attaches to
   * its server, or starts it; never makes a directory.
   */
  readonly exclusive?: boolean;
  /** More `-c name=value` for the server; tests use it. */
  readonly settings?: readonly string[];
}

export interface EmbeddedDatabase {
  readonly url: string;
  /** This process holds the directory's lock: until it ends, no other runtime works on it. */
  readonly owned: boolean;
  /** Stops the server, unless another process uses it. */
  close(): Promise<void>;
}

/** Any number, the same in every version. */
const OWNER_LOCK = 4_718_265_301;

/**
 * A real Postgres on a directory, listening on 127.0.0.1 only. One that a crashed runtime left running is taken over.
 * Throws `DATA_DIRECTORY_*`, `PORT_UNAVAILABLE` or `ENVIRONMENT_UNSUPPORTED`.
 */
export async function openEmbedded(options: EmbeddedOptions, log: Log): Promise<EmbeddedDatabase> {
  const exclusive = options.exclusive ?? true;
  const user = await findServerUser();
  const directory = await openDataDirectory(options.dataDir, user, exclusive);
  const binaries = await usableBinaries(user);
  const password = await ensureCluster(directory, binaries, user);
  const plan = { directory, binaries, user, password, port: options.port, settings: options.settings ?? [] };
  const { client, port, owned } = await own(plan, exclusive);
  client.on('error', (error) => log.error('the connection that owns the data directory broke', { error }));
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [NAME]);
    if (rowCount === 0) await client.query(`create database ${NAME}`);
  } catch (error) {
    await release(client, directory);
    throw error;
  }
  log.debug('embedded Postgres is ready', { port, dataDir: directory.path });
  let released: Promise<void> | undefined;
  return {
    url: localUrl(port, password),
    owned,
    close() {
      released ??= release(client, directory);
      return released;
    },
  };
}

async function usableBinaries(user: SystemUser | undefined): Promise<PostgresBinaries> {
  const binaries = await findBinaries();
  return user === undefined ? binaries : executableBinaries(binaries, user);
}

async function own(plan: ServerPlan, exclusive: boolean): Promise<RunningServer & { readonly owned: boolean }> {
  const server = await connectOrStart(plan);
  try {
    return await ownServer(server, plan, exclusive);
  } catch (error) {
    // With the connection the lock is gone.
    await server.client.end().catch(() => {});
    throw error;
  }
}

async function ownServer(server: RunningServer, plan: ServerPlan, exclusive: boolean) {
  const { directory } = plan;
  if (!(await lock(server.client))) {
    if (!exclusive) return { ...server, owned: false };
    const owner = await readOwner(directory);
    throw new RuntimeError(
      'DATA_DIRECTORY_LOCKED',
      `The data directory ${directory.path} is in use by another runtime${owner === undefined ? '' : ` (process ${owner})`}: stop it, or choose another directory`,
      { details: owner === undefined ? {} : { pid: owner } },
    );
  }
  if (plan.port !== undefined && plan.port !== server.port) {
    await server.client.end();
    await stopPostmaster(directory);
    return own(plan, exclusive);
  }
  await writeOwner(directory, process.pid);
  await removeLeftovers(directory);
  return { ...server, owned: true };
}

/** Held by the connection: when its process dies, in whatever way, the server frees it, at once but not before it noticed. */
async function lock(client: pg.Client): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [OWNER_LOCK]);
    if (rows[0]?.locked) return true;
    if (tries === 10) return false;
    await delay(50);
  }
}

/**
 * What a process that was killed while it created something left behind. Only the owner of the lock may know that. Another one
 * that was slower may still write there: it is about to be refused, and removes its own.
 */
async function removeLeftovers({ path }: DataDirectory): Promise<void> {
  for (const name of await readdir(path)) {
    if (/^(postgres|password)\.[0-9a-f]{12}$/.test(name)) {
      await rm(join(path, name), { recursive: true, force: true }).catch(() => {});
    }
  }
}

async function release(client: pg.Client, directory: DataDirectory): Promise<void> {
  // With the connection the lock is gone: the server may be another runtime's by now.
  const last = await isLast(client).catch(() => false);
  await client.end().catch(() => {});
  if (last) await stopPostmaster(directory);
}

/** Our own pools have just ended; their server processes take a moment to go. */
async function isLast(client: pg.Client): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const { rows } = await client.query<{ others: number }>(
      `select count(*)::int as others from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    if (rows[0]?.others === 0) return true;
    if (tries === 20) return false;
    await delay(25);
  }
}
