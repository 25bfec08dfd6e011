import pg from 'pg';

interface DatabaseRow {
  readonly table: string;
  /** As text, bytes as hex; and once more what those bytes hold. */
  readonly text: string;
}

/** Each row of each table of the runtime's schemas. */
export async function* databaseRows(databaseUrl: string): AsyncGenerator<DatabaseRow> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('connector', 'connector_jobs')`,
    );
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
      for (const { row } of rows) yield { table: name, text: `${row}\n${bytesOf(row)}` };
    }
  } finally {
    await client.end();
  }
}

function bytesOf(row: string): string {
  const hex = row.match(/\\\\x[0-9a-f]+/g) ?? [];
  return hex.map((text) => Buffer.from(text.slice(3), 'hex').toString('latin1')).join('\n');
}
