import { RuntimeError } from '../types/errors.ts';
import { describeDatabase } from './database-url.ts';
import type { OwnerClient } from './owner-client.ts';

/** A 2xx promises that the delivery survives a power cut: throws `DATABASE_UNSAFE` when the server does not promise it. */
export async function verifyDurability(client: OwnerClient, url: string): Promise<void> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')`,
  );
  const unsafe = rows.find((row) => row.setting === 'off');
  if (unsafe === undefined) return;
  throw new RuntimeError(
    'DATABASE_UNSAFE',
    `The database ${describeDatabase(url)} runs with ${unsafe.name}=off and may lose what was acknowledged: turn it on`,
    { details: { setting: unsafe.name } },
  );
}
