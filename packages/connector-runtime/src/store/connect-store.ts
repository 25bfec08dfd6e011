import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import type { Database, Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import type { PreparedStatement, RunPrepared } from '../types/prepared-statement.ts';
import { Secret } from '../types/secret.ts';
import { APP_ROLE, appUrl, describeDatabase } from './database-url.ts';
import { verifyDurability } from './durability.ts';
import { type Listener, listen } from './listen.ts';
import { migrate } from './migrate.ts';
import { connectOwner, unreachable } from './owner-client.ts';

export interface Store {
  /** Runs as `connector_app` over all tenants; every query still names its tenant. */
  readonly db: Db;
  /** As {@link db}, one statement at a time. */
  readonly run: RunPrepared;
  /** As the URL's own user, for pg-boss. */
  readonly url: Secret;
  /** True when no other process can be working on this database: the embedded one, while this process owns its directory. */
  readonly soleOwner: boolean;
  /** One transaction that sees and writes rows of this tenant only, whatever its queries ask for. */
  withTenant<T>(tenantId: string, work: (trx: Transaction<Database>) => Promise<T>): Promise<T>;
  /** What nodes tell each other on a channel of the database, until the function that it gives is called. */
  listen(channel: string, listener: Listener): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Checks, migrates and connects. Throws `DATABASE_*`. */
export async function connectStore(url: string, log: Log): Promise<Store> {
  await verifyServer(url);
  await migrate(url);
  const { db, pool } = await connectApp(url, log);
  return {
    db,
    run: async <Row extends object>({ name, text }: PreparedStatement, values: readonly unknown[]) =>
      (await pool.query<Row>({ name, text, values: values as unknown[] })).rows,
    url: new Secret(url),
    soleOwner: false,
    withTenant: (tenantId, work) =>
      db.transaction().execute(async (trx) => {
        await sql`select set_config('connector.tenant', ${tenantId}, true)`.execute(trx);
        return work(trx);
      }),
    listen: (channel, listener) => listen(url, channel, listener, log),
    close: () => db.destroy(),
  };
}

async function verifyServer(url: string): Promise<void> {
  const client = await connectOwner(url);
  try {
    await verifyDurability(client, url);
  } finally {
    await client.end();
  }
}

/**
 * A node that is paused, or cut off, in the middle of a transaction keeps its locks from everybody until the database ends the
 * transaction. Nothing between two statements takes as long as this; a renewal of credentials, which asks a provider meanwhile,
 * sets its own.
 */
const IDLE_TRANSACTION_MS = 10_000;

async function connectApp(url: string, log: Log): Promise<{ readonly db: Db; readonly pool: pg.Pool }> {
  const pool = new pg.Pool({
    connectionString: appUrl(url),
    max: 20,
    connectionTimeoutMillis: 5000,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
    application_name: 'connector-runtime',
  });
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on('error', (error) => log.warn('an idle database connection broke', { error }));
  // So would one that breaks between the statements of a transaction: the pool listens to idle ones only.
  pool.on('connect', (client) => {
    client.on('error', (error: Error) => log.warn('a database connection broke', { error }));
  });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  try {
    await verifyRole(db, url);
    return { db, pool };
  } catch (error) {
    await db.destroy();
    throw error instanceof RuntimeError ? error : unreachable(url, error);
  }
}

/** A pooler in between may drop start-up settings: then tenants would not be kept apart. */
async function verifyRole(db: Db, url: string): Promise<void> {
  const { rows } = await sql<{ role: string; tenant: string | null; durable: boolean }>`
    select current_user as role, current_setting('connector.tenant', true) as tenant,
      current_setting('synchronous_commit') <> 'off' as durable`.execute(db);
  if (rows[0]?.role === APP_ROLE && rows[0].tenant === '*' && rows[0].durable) return;
  throw new RuntimeError(
    'DATABASE_UNSAFE',
    `Connections to ${describeDatabase(url)} do not keep their start-up options (role, tenant): connect without a pooler, or with one that passes options through`,
  );
}
