import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Cluster } from './cluster.ts';

/** Resolves with the seconds it took until nothing is left to work off; with undefined when something still is after `withinMs`. */
export async function settled({ database }: Cluster, withinMs: number): Promise<number | undefined> {
  const started = performance.now();
  while (performance.now() - started < withinMs) {
    const { rows } = await sql<{ open: number }>`
      select (select count(*) from connector.deliveries where status = 'pending')::int
           + (select count(*) from connector.runs where status in ('queued', 'running', 'waiting'))::int as open`.execute(
      database.db(),
    );
    if (rows[0]?.open === 0) return Math.round((performance.now() - started) / 100) / 10;
    await pause(100);
  }
  return undefined;
}
