import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseRows } from './database-rows.ts';
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
  const found = new Set<string>();
  for (const file of (await readdir(where.logs)).filter((name) => name.endsWith('.log'))) {
    let text = '';
    for await (const chunk of createReadStream(join(where.logs, file), 'utf8')) text += chunk;
    if (holdsSecret(text)) found.add(file);
  }
  for await (const { table, text } of databaseRows(where.databaseUrl))
    if (holdsSecret(text)) found.add(`table ${table}`);
  return [...found].map((place) => `a secret was found in ${place}`);
}
