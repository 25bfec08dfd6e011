import pg from 'pg';
import type { SmallDisk } from './small-disk.ts';

/** More than Postgres keeps ready. */
const MOST_SEGMENTS = 100;

/** Uses up the segments of the write-ahead log that are there, until Postgres finds no room for the next one and gives up. */
export async function breakWriteAheadLog(databaseUrl: string, disk: SmallDisk): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (let segment = 0; segment < MOST_SEGMENTS; segment += 1) {
      await disk.fill();
      await client.query(`select pg_logical_emit_message(true, 'faults', 'full'), pg_switch_wal()`);
    }
  } catch {
    return;
  } finally {
    await client.end().catch(() => undefined);
  }
  throw new Error(`Postgres still had room for its log after ${MOST_SEGMENTS} segments`);
}
