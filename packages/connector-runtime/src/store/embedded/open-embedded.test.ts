import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// Must come before anything that loads `pg`.
import '../test-require-conditions.ts';
import { silentLog } from '../../types/log.ts';
import { connectStore } from '../connect-store.ts';
import { connectOwner } from '../owner-client.ts';
import { findBinaries } from './binaries.ts';
import { executableBinaries } from './binaries-cache.ts';
import { type EmbeddedDatabase, openEmbedded } from './open-embedded.ts';
import { isAlive, readPostmaster } from './postmaster.ts';
import { findServerUser } from './system-user.ts';

const isRoot = process.getuid?.() === 0;

let folder: string;
let dataDir: string;
let opened: EmbeddedDatabase[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embedded-'));
  await chmod(folder, 0o711);
  dataDir = join(folder, 'data');
  opened = [];
});
afterEach(async () => {
  for (const database of opened) await database.close();
  const left = await postmasterPid();
  if (left !== undefined && isAlive(left)) process.kill(left, 'SIGQUIT');
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

async function open(
  options: { port?: number; exclusive?: boolean; settings?: string[] } = {},
): Promise<EmbeddedDatabase> {
  const database = await openEmbedded({ dataDir, settings: ['shared_buffers=16MB'], ...options }, silentLog);
  opened.push(database);
  return database;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = await connectOwner(url);
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function postmasterPid(): Promise<number | undefined> {
  const directory = { path: dataDir, cluster: join(dataDir, 'postgres'), startLog: join(dataDir, 'start.log') };
  return (await readPostmaster(directory))?.pid;
}

/** Another process that opens the directory; killed, it leaves the server running, as a crash does. */
async function crashOwner(): Promise<void> {
  const script = fileURLToPath(new URL('./owner.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@org/source', script, dataDir], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('the embedded Postgres', () => {
  it('keeps its data, stops with its last user, and starts again', async () => {
    const first = await open();
    await query(first.url, 'create table kept (a int)');
    const pid = await postmasterPid();
    await first.close();
    expect(pid !== undefined && isAlive(pid)).toBe(false);
    const second = await open();
    expect(await query(second.url, 'select * from kept')).toEqual([]);
  });

  it('listens on loopback only, with a password that only the owner can read', async () => {
    const { url } = await open();
    expect(await query(url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(url, 'show unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
    expect(await query(url, 'show fsync')).toEqual([{ fsync: 'on' }]);
    for (const name of ['password', 'connector-runtime.json']) {
      expect((await stat(join(dataDir, name))).mode & 0o077).toBe(0);
    }
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(connectOwner(wrong.toString())).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    expect(await readdir(join(dataDir, 'postgres'))).not.toContain('pwfile');
  });

  it('leaves a directory with something else in it as it is', async () => {
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'thesis.txt'), 'mine');
    const before = await stat(dataDir);
    await expect(open()).rejects.toMatchObject({ code: 'DATA_DIRECTORY_FOREIGN' });
    expect(await readdir(dataDir)).toEqual(['thesis.txt']);
    expect((await stat(dataDir)).mode).toBe(before.mode);
  });

  it('refuses a second runtime on the same directory, and lets tools attach', async () => {
    const { url } = await open();
    await expect(open()).rejects.toMatchObject({ code: 'DATA_DIRECTORY_LOCKED', details: { pid: process.pid } });
    const tool = await open({ exclusive: false });
    expect(tool.owned).toBe(false);
    await tool.close();
    expect(await query(url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
  });

  it('does not make a directory for a tool that only reads', async () => {
    await expect(open({ exclusive: false })).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('lets one of two that start at once on a new directory have it', async () => {
    const both = await Promise.allSettled([open(), open()]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'DATA_DIRECTORY_LOCKED' },
    });
  });

  it('is not kept from opening by another that was slower and still makes a cluster', async () => {
    await (await open()).close();
    const half = join(dataDir, 'postgres.0123456789ab', 'data');
    let isOpen = false;
    const making = (async () => {
      for (let file = 0; !isOpen; file += 1) {
        await mkdir(half, { recursive: true }).catch(() => {});
        await writeFile(join(half, String(file)), '').catch(() => {});
      }
    })();
    const opening = open().finally(() => {
      isOpen = true;
    });
    await expect(opening).resolves.toMatchObject({ owned: true });
    await making;
  });

  it('takes over the server of a runtime that was killed', async () => {
    await crashOwner();
    const left = await postmasterPid();
    const { owned } = await open();
    expect(owned).toBe(true);
    expect(await postmasterPid()).toBe(left);
  });

  it('starts again after the server itself was killed', async () => {
    await crashOwner();
    const left = await postmasterPid();
    if (left !== undefined) process.kill(left, 'SIGKILL');
    const { url } = await open();
    expect(await query(url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
  });

  it.each(['fsync', 'full_page_writes'])(
    'is refused by a runtime when it runs with %s off (pitfall 57)',
    async (setting) => {
      const { url } = await open({ settings: [`${setting}=off`] });
      await expect(connectStore(url, silentLog)).rejects.toMatchObject({
        code: 'DATABASE_UNSAFE',
        details: { setting },
      });
    },
  );

  it('starts although a stale pid file names a live process that is no Postgres', async () => {
    await (await open()).close();
    await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), `${process.pid}\n${dataDir}\n1\n1\n\n\n\n`);
    const { url } = await open();
    expect(await query(url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
  });

  it('removes what a process that was killed while it created left behind', async () => {
    await (await open()).close();
    await mkdir(join(dataDir, 'postgres.0123456789ab', 'data'), { recursive: true });
    await open();
    expect((await readdir(dataDir)).sort()).toEqual(['connector-runtime.json', 'password', 'postgres', 'start.log']);
  });

  it('moves a server that it took over to the port that is asked for', async () => {
    await crashOwner();
    const port = await freePort();
    const { url } = await open({ port });
    expect(new URL(url).port).toBe(String(port));
  });

  it('says when the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(open({ port })).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' });
    server.close();
  });

  it('refuses a directory that another Postgres version made', async () => {
    await (await open()).close();
    await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '12\n');
    await expect(open()).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
  });

  it.runIf(isRoot)('names the parent that is closed to the server user, and makes nothing', async () => {
    await chmod(folder, 0o700);
    await expect(open()).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE', details: { folder } });
    expect(await readdir(folder)).toEqual([]);
  });

  it.runIf(isRoot)('runs binaries that lie in a private folder, from a copy that only root can write', async () => {
    const user = await findServerUser();
    if (user === undefined) throw new Error('root has a server user');
    const original = await findBinaries();
    const hidden = join(folder, 'private', 'native');
    await mkdir(join(folder, 'private'), { mode: 0o700 });
    await cp(original.folder, hidden, { recursive: true, verbatimSymlinks: true });
    const cache = join(folder, 'cache');
    const binaries = { ...original, folder: hidden };
    const [copy, again] = await Promise.all([
      executableBinaries(binaries, user, cache),
      executableBinaries(binaries, user, cache),
    ]);
    await rm(hidden, { recursive: true });
    expect(copy.folder.startsWith(cache)).toBe(true);
    expect(again.folder).toBe(copy.folder);
    expect(await readdir(cache)).toHaveLength(1);
    expect((await stat(copy.folder)).mode & 0o022).toBe(0);
  });

  it.runIf(isRoot)('does not run binaries from a cache that others can write', async () => {
    const user = await findServerUser();
    if (user === undefined) throw new Error('root has a server user');
    const cache = join(folder, 'cache');
    await mkdir(cache);
    await chmod(cache, 0o777);
    const hidden = join(folder, 'private');
    await mkdir(join(hidden, 'bin'), { recursive: true });
    await expect(executableBinaries({ folder: hidden, version: '1' }, user, cache)).rejects.toMatchObject({
      code: 'ENVIRONMENT_UNSUPPORTED',
    });
  });

  it('keeps statements and rows out of its log', async () => {
    const { url } = await open();
    await query(url, 'create table keys (a text unique)');
    await query(url, `insert into keys values ('s3cret-value')`);
    await expect(query(url, `insert into keys values ('s3cret-value')`)).rejects.toMatchObject({ code: '23505' });
    const logs = await readdir(join(dataDir, 'postgres', 'log'));
    const texts = await Promise.all(logs.map((name) => readFile(join(dataDir, 'postgres', 'log', name), 'utf8')));
    expect(texts.join('')).toContain('duplicate key');
    expect(texts.join('')).not.toContain('s3cret-value');
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
