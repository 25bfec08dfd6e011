// Must come before anything that loads `pg`.
import './test-require-conditions.ts';

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Db } from '../types/database.ts';
import { silentLog } from '../types/log.ts';
import { connectStore, type Store } from './connect-store.ts';
import { openEmbedded } from './embedded/open-embedded.ts';
import { migrate } from './migrate.ts';

export interface TestDatabase {
  readonly store: Store;
  readonly db: Db;
  /** Empties every table, the audit too. */
  reset(): Promise<void>;
  /** Statements as the database's owner, whom neither grants nor row-level security bind. */
  asOwner(...statements: string[]): Promise<void>;
  close(): Promise<void>;
}

const TEMPLATE = `connector_template_${randomBytes(4).toString('hex')}`;
let template: Promise<string> | undefined;

/**
 * A migrated database of its own on a real Postgres: `TEST_DATABASE_URL` (a user who may create databases and roles), or one
 * that is started once per process and goes away with it. For tests only.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  template ??= createTemplate();
  const server = await template;
  const name = `connector_test_${randomBytes(6).toString('hex')}`;
  await asOwner(server, `create database ${name} template ${TEMPLATE}`);
  const url = withDatabase(server, name);
  const store = await connectStore(url, silentLog);
  return {
    store,
    db: store.db,
    reset: async () => asOwner(url, 'set connector.audit_maintenance = on', await truncation(url)),
    asOwner: (...statements) => asOwner(url, ...statements),
    async close() {
      await store.close();
      await asOwner(server, `drop database ${name} with (force)`);
    },
  };
}

async function truncation(url: string): Promise<string> {
  const client = await connect(url);
  try {
    const { rows } = await client.query<{ tables: string }>(
      `select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables from pg_tables
        where schemaname = 'connector' and tablename not like 'kysely%'`,
    );
    return `truncate ${rows[0]?.tables ?? ''} cascade`;
  } finally {
    await client.end();
  }
}

async function createTemplate(): Promise<string> {
  const server = process.env.TEST_DATABASE_URL ?? (await startServer());
  await asOwner(server, `create database ${TEMPLATE}`);
  await migrate(withDatabase(server, TEMPLATE));
  return server;
}

async function startServer(): Promise<string> {
  // Memory where there is some: the server still syncs, as production does, but the tests don't wait for a disk.
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'connector-test-'));
  await chmod(folder, 0o711);
  const dataDir = join(folder, 'data');
  const { url } = await openEmbedded({ dataDir, settings: ['shared_buffers=32MB', 'max_wal_size=64MB'] }, silentLog);
  stopWithThisProcess(folder, dataDir);
  return url;
}

/** However this process ends, its end of the pipe closes; then the server is told to stop and the folder is removed. */
function stopWithThisProcess(folder: string, dataDir: string): void {
  const script =
    'cat >/dev/null; kill -INT "$(head -n 1 "$1/postgres/postmaster.pid")"; while [ -e "$1/postgres/postmaster.pid" ] && [ $((n += 1)) -le 50 ]; do sleep 0.1; done; rm -rf "$2"';
  const watch = spawn('/bin/sh', ['-c', script, 'sh', dataDir, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watch.unref();
  if ('unref' in watch.stdin && typeof watch.stdin.unref === 'function') watch.stdin.unref();
}

async function asOwner(url: string, ...statements: string[]): Promise<void> {
  const client = await connect(url);
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.toString();
}
