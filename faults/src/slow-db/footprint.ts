import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Cluster } from '../cluster/cluster.ts';

/** What the nodes took at most while they were watched. */
export interface Footprint {
  /** Of one node. */
  readonly residentMb: number;
  /** To the database, of all nodes and what watches them. */
  readonly connections: number;
}

const EVERY_MS = 250;

/** Watches the nodes until `work` is done. */
export async function footprintDuring(cluster: Cluster, work: () => Promise<void>): Promise<Footprint> {
  let isOver = false;
  let residentMb = 0;
  let connections = 0;
  const watch = async () => {
    while (!isOver) {
      residentMb = Math.max(
        residentMb,
        ...(await Promise.all(cluster.serving().map(({ node }) => residentOf(node.pid)))),
      );
      connections = Math.max(connections, await connectionsOf(cluster));
      await pause(EVERY_MS);
    }
  };
  const watching = watch();
  try {
    await work();
  } finally {
    isOver = true;
    await watching;
  }
  return { residentMb, connections };
}

async function residentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}

async function connectionsOf({ database }: Cluster): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from pg_stat_activity where datname = current_database()`.execute(database.db());
  return rows[0]?.count ?? 0;
}
