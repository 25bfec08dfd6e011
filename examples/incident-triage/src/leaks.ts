import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { createSecretSearch } from './secret-search.ts';

/**
 * Looks for secrets in each log file of a folder and in each row of each table of the database; says where one was found,
 * never which.
 */
export async function findLeaks(where: {
  readonly logs: string;
  readonly databaseUrl: string;
  readonly secrets: readonly string[];
}): Promise<string[]> {
  const holdsSecret = createSecretSearch(where.secrets);
  const found: string[] = [];
  const look = (place: string, text: string) => {
    if (!found.includes(place) && holdsSecret(text)) found.push(place);
  };
  for (const file of (await readdir(where.logs)).filter((name) => name.endsWith('.log'))) {
    let text = '';
    for await (const chunk of createReadStream(join(where.logs, file), 'utf8')) text += chunk;
    look(file, text);
  }
  const client = new pg.Client({ connectionString: where.databaseUrl });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('connector', 'connector_jobs')`,
    );
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
      for (const { row } of rows) look(`table ${name}`, row);
      // Bytes are shown as hex: what they hold is looked at as well.
      for (const { row } of rows)
        look(
          `table ${name}`,
          Buffer.from(
            row
              .match(/\\\\x[0-9a-f]+/g)
              ?.join('')
              .replaceAll('\\\\x', '') ?? '',
            'hex',
          ).toString('latin1'),
        );
    }
  } finally {
    await client.end();
  }
  return found.map((place) => `a secret was found in ${place}`);
}
