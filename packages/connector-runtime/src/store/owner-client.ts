import pg from 'pg';
import { RuntimeError } from '../types/errors.ts';
import { describeDatabase } from './database-url.ts';

/** A connection as the URL's own user, who owns the schema. Only start-up work uses it. */
export type OwnerClient = pg.Client;

/** Throws `DATABASE_UNREACHABLE`. The caller ends the client. */
export async function connectOwner(url: string): Promise<OwnerClient> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5000,
    application_name: 'connector-runtime',
  });
  // Without a listener a broken connection would end the process; the next query reports it.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (cause) {
    await client.end().catch(() => {});
    throw unreachable(url, cause);
  }
}

/** One line on why a database can't be used, without the URL's password. */
export function unreachable(url: string, cause: unknown): RuntimeError {
  const { code, message } = cause as { code?: string; message?: string };
  const reason = [code, message].filter(Boolean).join(': ').replaceAll(/\s+/g, ' ');
  return new RuntimeError(
    'DATABASE_UNREACHABLE',
    `No connection to the database ${describeDatabase(url)} (${reason}): check that it runs and that the URL's host, user and password are right`,
    { cause },
  );
}
