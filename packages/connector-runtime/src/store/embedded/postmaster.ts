import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { NAME } from './cluster.ts';
import type { DataDirectory } from './data-directory.ts';

/** The server process as its own `postmaster.pid` names it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

const pidFile = ({ cluster }: DataDirectory) => join(cluster, 'postmaster.pid');

export async function readPostmaster(directory: DataDirectory): Promise<Postmaster | undefined> {
  const lines = (await readFile(pidFile(directory), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return Number.isInteger(pid) && pid > 1 ? { pid, port } : undefined;
}

/**
 * After a crash or a reboot the file can name a process that has nothing to do with Postgres, and Postgres would then refuse
 * to start for as long as that one lives.
 */
export async function removeStalePidFile(directory: DataDirectory): Promise<void> {
  const postmaster = await readPostmaster(directory);
  if (postmaster === undefined || (await mayBePostgres(postmaster.pid))) return;
  await rm(pidFile(directory), { force: true });
}

async function mayBePostgres(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'postgres');
  return command.includes('postgres');
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

export function localUrl(port: number, password: string, database = NAME): string {
  return `postgres://${NAME}:${password}@127.0.0.1:${port}/${database}`;
}

/**
 * A connection to the server of this very directory, or why there is none. The password proves both sides to each other
 * (SCRAM), so another server that took over the port is not mistaken for ours.
 */
export async function connectTo(port: number, password: string): Promise<pg.Client | Error> {
  const client = new pg.Client({
    connectionString: localUrl(port, password, 'postgres'),
    connectionTimeoutMillis: 2000,
    application_name: 'connector-runtime owner',
    keepAlive: true,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    return error as Error;
  }
}

/** Fast shutdown: open transactions are rolled back, everything is flushed. Resolves when the server is gone. */
export async function stopPostmaster(directory: DataDirectory, withinMs = 30_000): Promise<void> {
  const postmaster = await readPostmaster(directory);
  if (postmaster === undefined || !isAlive(postmaster.pid)) return;
  try {
    process.kill(postmaster.pid, 'SIGINT');
  } catch {
    return;
  }
  // The pid file goes a moment before the process; a process that nobody reaps (in some containers) stays as a zombie.
  let end = Date.now() + withinMs;
  for (let shutDown = false; Date.now() < end && isAlive(postmaster.pid); await delay(10)) {
    if (shutDown || (await readPostmaster(directory))?.pid === postmaster.pid) continue;
    shutDown = true;
    end = Math.min(end, Date.now() + 1000);
  }
}
