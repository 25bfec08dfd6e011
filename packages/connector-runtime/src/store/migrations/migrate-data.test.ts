// Must come before anything that loads `pg`.
import '../test-require-conditions.ts';

import { randomBytes } from 'node:crypto';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { v7 } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../../types/log.ts';
import { openStore } from '../open-store.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { initial } from './0001-initial.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const rule = { channel: 'chat', approvers: ['chat:T1/U1'], expiresInSeconds: 60 };
const tokenHash = randomBytes(32);
/** In the format of the first version, under the tenant's first key. */
const sealed = Buffer.concat([Buffer.of(1), randomBytes(60)]);

/** The database of a deployment that has run since the first version, with a connector enabled and an endpoint. */
async function fillAsOfFirstVersion(url: string): Promise<string> {
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 1 }) }),
  });
  const provider = { getMigrations: async () => ({ '0001-initial': initial }) };
  const { error } = await new Migrator({ db, migrationTableSchema: 'connector', provider }).migrateToLatest();
  if (error !== undefined) throw error;
  const tenant = v7();
  await sql`select set_config('connector.tenant', '*', false)`.execute(db);
  await sql`insert into connector.tenants (id, name) values (${tenant}, 'acme')`.execute(db);
  await sql`insert into connector.artifacts (digest, connector, version, publisher, key_ids, manifest, archive)
    values ('sha256:a', 'desk', '1.4.0', 'acme', '{}', '{}', '')`.execute(db);
  await sql`insert into connector.enablements (tenant_id, connector, digest, enabled_by)
    values (${tenant}, 'desk', 'sha256:a', 'admin:ann')`.execute(db);
  await sql`insert into connector.workspaces (id, tenant_id, name, approval_rule)
    values (${tenant}, ${tenant}, 'default', ${JSON.stringify(rule)}::json), (${v7()}, ${tenant}, 'bare', null)`.execute(
    db,
  );
  await sql`insert into connector.connections (id, tenant_id, workspace_id, name, connector, config, auth)
    values (${tenant}, ${tenant}, ${tenant}, 'main', 'desk', '{}', 'basic')`.execute(db);
  await sql`insert into connector.tenant_keys (tenant_id, wrapped_key) values (${tenant}, ${randomBytes(60)})`.execute(
    db,
  );
  await sql`insert into connector.endpoints
    (id, tenant_id, workspace_id, connection_id, connector, purpose, name, token_hash, sealed_secrets)
    values (${tenant}, ${tenant}, ${tenant}, ${tenant}, 'desk', 'trigger', 'changed', ${tokenHash}, ${sealed})`.execute(
    db,
  );
  await db.destroy();
  return tenant;
}

it.each([true, false])(
  'what was enabled has a floor afterwards; endpoints keep address and secret, workspaces their rule (migrated by a superuser: %s)',
  async (isSuper) => {
    const name = `old_${v7().replaceAll('-', '')}`;
    const password = randomBytes(16).toString('hex');
    await database.asOwner(
      `create role ${name} login ${isSuper ? 'superuser' : 'nosuperuser'} password '${password}'`,
      `create database ${name} owner ${name}`,
      `grant connector_app to ${name}`,
    );
    const url = new URL(database.store.url.reveal());
    Object.assign(url, { username: name, password, pathname: `/${name}` });
    const tenant = await fillAsOfFirstVersion(url.toString());
    const store = await openStore({ databaseUrl: url.toString() }, silentLog);
    const [floors, addresses, secrets, rules] = await store.withTenant(tenant, async (trx) => [
      await trx.selectFrom('connector.version_floors').select(['connector', 'version', 'set_by']).execute(),
      await trx.selectFrom('connector.endpoint_addresses').selectAll().execute(),
      await trx.selectFrom('connector.endpoint_secrets').selectAll().execute(),
      await trx.selectFrom('connector.approval_rules').selectAll().execute(),
    ]);
    await store.close();
    await database.asOwner(`drop database ${name} with (force)`, `drop role ${name}`);
    expect(floors).toEqual([{ connector: 'desk', version: '1.4.0', set_by: 'admin:ann' }]);
    expect(rules).toEqual([{ tenant_id: tenant, workspace_id: tenant, name: 'default', rule }]);
    const part = { tenant_id: tenant, endpoint_id: tenant, expires_at: null };
    expect(addresses).toMatchObject([{ ...part, token_hash: tokenHash }]);
    expect(secrets).toMatchObject([{ ...part, sealed, data_key: 1 }]);
  },
);
