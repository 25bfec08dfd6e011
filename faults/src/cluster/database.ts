import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openStore, type Store, silentLog } from '@org/connector-runtime/stages';
import { sql } from 'kysely';
import { findFreePort } from '../../../examples/incident-triage/src/runtime-process.ts';

/** A Postgres that dies without notice and comes back on the same port. */
export interface CrashingDatabase {
  readonly url: string;
  /** Of now: another one after each start. */
  db(): Store['db'];
  /** `kill`: SIGKILL to the server and its children; `immediate`: it aborts by itself. Resolves when it is gone. */
  crash(how: 'kill' | 'immediate'): Promise<void>;
  start(): Promise<void>;
  /** As a supervisor does: starts it where it ended by itself, which is then true. */
  revive(): Promise<boolean>;
  stop(): Promise<void>;
}

export async function startDatabase(folder: string): Promise<CrashingDatabase> {
  const dataDir = join(folder, 'data');
  const port = await findFreePort();
  const open = () => openStore({ dataDir, port }, silentLog);
  let store = await open();
  const url = store.url.reveal();
  return {
    url,
    db: () => store.db,
    async crash(how) {
      const pid = Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
      const children = await childrenOf(pid);
      signal(pid, how === 'kill' ? 'SIGKILL' : 'SIGQUIT');
      if (how === 'kill') for (const child of children) signal(child, 'SIGKILL');
      await gone([pid, ...children]);
      await store.close();
    },
    async start() {
      store = await open();
    },
    async revive() {
      if (await isThere(store)) return false;
      await store.close().catch(() => undefined);
      store = await open();
      return true;
    },
    stop: () => store.close(),
  };
}

/** Longer than Postgres takes to come back after it broke off all connections. */
const RECOVERY_MS = 5_000;

async function isThere({ db }: Store): Promise<boolean> {
  for (const start = performance.now(); performance.now() - start < RECOVERY_MS; await pause(100)) {
    const answer = await sql`select`.execute(db).catch(() => undefined);
    if (answer !== undefined) return true;
  }
  return false;
}

async function childrenOf(pid: number): Promise<number[]> {
  const listed = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return listed.split(' ').filter(Boolean).map(Number);
}

function signal(pid: number, name: 'SIGKILL' | 'SIGQUIT' | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** A zombie answers nobody: it counts as gone. */
async function gone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    for (;;) {
      if (!signal(pid, 0)) break;
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
      if (/\) Z/.test(stat)) break;
      await pause(5);
    }
  }
}
