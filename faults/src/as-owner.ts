import pg from 'pg';

/** One statement (or, without values, several) as the owner of the database, over a connection of its own. */
export async function asOwner(databaseUrl: string, text: string, values?: readonly unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(text, values && [...values]);
  } finally {
    await client.end();
  }
}
