import { Kysely, PostgresDialect } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import pg from 'pg';
import { RuntimeError } from '../types/errors.ts';
import { ensureAppRole } from './app-role.ts';
import { describeDatabase } from './database-url.ts';
import { initial } from './migrations/0001-initial.ts';
import { artifactTrust } from './migrations/0002-artifact-trust.ts';
import { keys } from './migrations/0003-keys.ts';
import { oauth } from './migrations/0004-oauth.ts';
import { endpoints } from './migrations/0005-endpoints.ts';
import { polling } from './migrations/0006-polling.ts';
import { rateBudgets } from './migrations/0007-rate-budgets.ts';
import { apiTokens } from './migrations/0008-api-tokens.ts';
import { workflows } from './migrations/0009-workflows.ts';
import { policies } from './migrations/0011-policies.ts';
import { audit } from './migrations/0013-audit.ts';
import { approvals } from './migrations/0014-approvals.ts';
import { lostAttempts } from './migrations/0015-lost-attempts.ts';
import { auditSegments } from './migrations/0016-audit-segments.ts';
import { settledSteps } from './migrations/0017-settled-steps.ts';
import { connectOwner, type OwnerClient } from './owner-client.ts';

/** In order. A name once released never changes. */
const migrations: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0002-artifact-trust': artifactTrust,
  '0003-keys': keys,
  '0004-oauth': oauth,
  '0005-endpoints': endpoints,
  '0006-polling': polling,
  '0007-rate-budgets': rateBudgets,
  '0008-api-tokens': apiTokens,
  '0009-workflows': workflows,
  '0011-policies': policies,
  '0013-audit': audit,
  '0014-approvals': approvals,
  '0015-lost-attempts': lostAttempts,
  '0016-audit-segments': auditSegments,
  '0017-settled-steps': settledSteps,
};

/** Any number: the same in every version, so that no two nodes migrate at once. */
const MIGRATION_LOCK = 7_236_514_023;

/** Brings the database to this code's schema. Throws `DATABASE_NEWER`, `DATABASE_UNREACHABLE` or `DATABASE_UNSAFE`. */
export async function migrate(url: string): Promise<void> {
  const client = await connectOwner(url);
  try {
    await prepare(client, url);
  } catch (error) {
    throw error instanceof RuntimeError ? error : unprepared(url, error);
  } finally {
    await client.end();
  }
}

async function prepare(client: OwnerClient, url: string): Promise<void> {
  await ensureAppRole(client);
  if (!(await isBehind(client, url))) return;
  await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  if (!(await isBehind(client, url))) return;
  await prepareJobSchema(client);
  await runMigrations(url);
}

function unprepared(url: string, cause: unknown): RuntimeError {
  const { code, message } = cause as { code?: string; message?: string };
  return new RuntimeError(
    'DATABASE_UNSAFE',
    `The database ${describeDatabase(url)} can't be migrated (${[code, message].filter(Boolean).join(': ')}): its user must own it or may create schemas in it`,
    { cause },
  );
}

async function isBehind(client: OwnerClient, url: string): Promise<boolean> {
  const done = await executed(client);
  const unknown = done.find((name) => migrations[name] === undefined);
  if (unknown !== undefined) {
    throw new RuntimeError(
      'DATABASE_NEWER',
      `The database ${describeDatabase(url)} was migrated by a newer version (${unknown}): run that version, or restore a backup`,
      { details: { migration: unknown } },
    );
  }
  return done.length < Object.keys(migrations).length;
}

async function executed(client: OwnerClient): Promise<string[]> {
  const table = await client.query<{ present: boolean }>(
    `select to_regclass('connector.kysely_migration') is not null as present`,
  );
  if (!table.rows[0]?.present) return [];
  const { rows } = await client.query<{ name: string }>('select name from connector.kysely_migration');
  return rows.map((row) => row.name);
}

/** Jobs are sent within the runtime's own transactions, so its role must reach the tables that pg-boss will make. */
async function prepareJobSchema(client: OwnerClient): Promise<void> {
  await client.query('create schema if not exists connector_jobs');
  await client.query('grant usage on schema connector_jobs to connector_app');
  await client.query(
    'alter default privileges in schema connector_jobs grant select, insert, update on tables to connector_app',
  );
}

async function runMigrations(url: string): Promise<void> {
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 1 }) }),
  });
  try {
    const migrator = new Migrator({
      db,
      migrationTableSchema: 'connector',
      provider: { getMigrations: async () => ({ ...migrations }) },
    });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
  } finally {
    await db.destroy();
  }
}
