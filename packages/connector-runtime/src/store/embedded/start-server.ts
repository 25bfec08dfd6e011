import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { RuntimeError } from '../../types/errors.ts';
import type { PostgresBinaries } from './binaries.ts';
import type { DataDirectory } from './data-directory.ts';
import { connectTo, readPostmaster, removeStalePidFile } from './postmaster.ts';
import type { SystemUser } from './system-user.ts';

export interface ServerPlan {
  readonly directory: DataDirectory;
  readonly binaries: PostgresBinaries;
  readonly user: SystemUser | undefined;
  readonly password: string;
  /** A free one when undefined. */
  readonly port: number | undefined;
  /** More `-c name=value`. */
  readonly settings?: readonly string[];
}

export interface RunningServer {
  readonly client: pg.Client;
  readonly port: number;
}

/** After a postmaster was killed its children need a moment to notice; until then a new one refuses to start. */
const RETRY_MS = 10_000;
/** Replay of the log after a power cut can take its time. */
const RECOVERY_MS = 120_000;

/** The server that runs on the directory, or a new one. Throws `DATA_DIRECTORY_UNUSABLE` or `PORT_UNAVAILABLE`. */
export async function connectOrStart(plan: ServerPlan): Promise<RunningServer> {
  let reason = '';
  for (const end = Date.now() + RETRY_MS; Date.now() < end; await delay(100)) {
    const running = await connectToRunning(plan);
    if (running !== undefined) return running;
    const started = await start(plan);
    if (typeof started !== 'string') return started;
    reason = started;
  }
  throw new RuntimeError(
    'DATA_DIRECTORY_UNUSABLE',
    `Postgres does not start in ${plan.directory.path} (${reason}): see ${plan.directory.startLog} and ${join(plan.directory.cluster, 'log')}`,
  );
}

async function connectToRunning({ directory, password }: ServerPlan): Promise<RunningServer | undefined> {
  const postmaster = await readPostmaster(directory);
  if (postmaster === undefined) return undefined;
  const client = await connectTo(postmaster.port, password);
  return client instanceof Error ? undefined : { client, port: postmaster.port };
}

/** A running server, or in one line why it ended. */
async function start(plan: ServerPlan): Promise<RunningServer | string> {
  await removeStalePidFile(plan.directory);
  const port = await freePort(plan.port);
  const log = await open(plan.directory.startLog, 'w', 0o600);
  const child = spawn(join(plan.binaries.folder, 'bin/postgres'), serverArguments(plan, port), {
    ...plan.user,
    cwd: '/',
    env: { PATH: process.env.PATH ?? '', TZ: 'UTC' },
    // Its own session: neither Ctrl-C in a terminal nor the end of this process takes it down unclean.
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  const ended = Promise.race([once(child, 'exit'), once(child, 'error')]).then(() => true);
  ended.catch(() => {});
  await log.close();
  child.unref();
  for (const end = Date.now() + RECOVERY_MS; Date.now() < end; ) {
    const client = await connectTo(port, plan.password);
    if (!(client instanceof Error)) return { client, port };
    if (await Promise.race([ended, delay(25, false)])) break;
  }
  return lastLine(plan.directory);
}

function serverArguments({ directory, settings = [] }: ServerPlan, port: number): string[] {
  return [
    ...['-D', directory.cluster, '-p', String(port)],
    ...[
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'max_connections=200',
      'logging_collector=on',
      // Seven files that are written over: the log can't fill the disk.
      'log_filename=postgres-%a.log',
      'log_truncate_on_rotation=on',
      // Neither statements nor the rows that they failed on belong in a log.
      'log_min_error_statement=panic',
      'log_error_verbosity=terse',
      ...settings,
    ].flatMap((setting) => ['-c', setting]),
  ];
}

async function freePort(wanted: number | undefined): Promise<number> {
  const server = createServer();
  try {
    server.listen(wanted ?? 0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  } catch (cause) {
    throw new RuntimeError(
      'PORT_UNAVAILABLE',
      `Port ${wanted ?? 0} of 127.0.0.1 is not free for the embedded Postgres: choose another database.port or leave it out`,
      { cause },
    );
  } finally {
    server.close();
  }
}

async function lastLine({ startLog }: DataDirectory): Promise<string> {
  const lines = (await readFile(startLog, 'utf8').catch(() => '')).split('\n');
  return (
    lines.findLast((line) => /FATAL|ERROR|error/.test(line)) ??
    lines.findLast(Boolean) ??
    'no reason given'
  ).trim();
}
