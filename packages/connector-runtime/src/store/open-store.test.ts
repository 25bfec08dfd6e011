// Must come before anything that loads `pg`.
import './test-require-conditions.ts';

import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../types/log.ts';
import { appUrl, describeDatabase } from './database-url.ts';
import { openStore } from './open-store.ts';
import { connectOwner } from './owner-client.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

let database: TestDatabase;
let url: string;
beforeAll(async () => {
  database = await createTestDatabase();
  url = database.store.url.reveal();
});
afterAll(() => database.close());

describe('the store', () => {
  it('runs queries as a role that owns nothing', async () => {
    const { rows } = await sql`select current_user as who, current_setting('connector.tenant') as tenant`.execute(
      database.db,
    );
    expect(rows).toEqual([{ who: 'connector_app', tenant: '*' }]);
    await expect(sql`drop table connector.tenants`.execute(database.db)).rejects.toMatchObject({ code: '42501' });
  });

  it('keeps the role and the tenant when the URL has options of its own', async () => {
    const own = new URL(url);
    own.searchParams.set('options', '-c statement_timeout=4321 -c connector.tenant=somebody');
    const store = await openStore({ databaseUrl: own.toString() }, silentLog);
    try {
      const { rows } = await sql`select current_user as who, current_setting('connector.tenant') as tenant,
        current_setting('statement_timeout') as timeout`.execute(store.db);
      expect(rows).toEqual([{ who: 'connector_app', tenant: '*', timeout: '4321ms' }]);
    } finally {
      await store.close();
    }
  });

  it('lets the database end a transaction that a paused node left open', async () => {
    const { rows } = await sql`select current_setting('idle_in_transaction_session_timeout') as ms`.execute(
      database.db,
    );
    expect(rows).toEqual([{ ms: '10s' }]);
  });

  it('migrates once, also when many nodes start at the same time', async () => {
    const name = `fresh_${v7().replaceAll('-', '')}`;
    await database.asOwner(`create database ${name}`);
    const fresh = new URL(url);
    fresh.pathname = `/${name}`;
    const stores = await Promise.all(
      Array.from({ length: 4 }, () => openStore({ databaseUrl: fresh.toString() }, silentLog)),
    );
    const { rows } = await sql<{ name: string }>`select name from connector.tenants`.execute(
      stores[0]?.db ?? database.db,
    );
    expect(rows).toEqual([]);
    for (const store of stores) await store.close();
    await database.asOwner(`drop database ${name} with (force)`);
  });

  it('refuses a database that a newer version migrated', async () => {
    await database.asOwner(`insert into connector.kysely_migration values ('9999-later', 'now')`);
    await expect(openStore({ databaseUrl: url }, silentLog)).rejects.toMatchObject({ code: 'DATABASE_NEWER' });
    await database.asOwner(`delete from connector.kysely_migration where name = '9999-later'`);
  });

  it('refuses a database that may lose what it acknowledged (pitfall 57)', async () => {
    const name = describeDatabase(url).split('/')[1] ?? '';
    await database.asOwner(`alter database ${name} set synchronous_commit = off`);
    await expect(openStore({ databaseUrl: url }, silentLog)).rejects.toMatchObject({ code: 'DATABASE_UNSAFE' });
    await database.asOwner(`alter database ${name} set synchronous_commit = local`);
    await (await openStore({ databaseUrl: url }, silentLog)).close();
  });

  it('works for a user who is no superuser, once an administrator let it take on the role', async () => {
    const name = `managed_${v7().replaceAll('-', '')}`;
    const password = randomBytes(16).toString('hex');
    await database.asOwner(`create role ${name} login password '${password}'`, `create database ${name} owner ${name}`);
    const managed = new URL(url);
    Object.assign(managed, { username: name, password, pathname: `/${name}` });
    const options = { databaseUrl: managed.toString() };
    await expect(openStore(options, silentLog)).rejects.toMatchObject({ code: 'DATABASE_UNSAFE' });
    await database.asOwner(`grant connector_app to ${name}`);
    const store = await openStore(options, silentLog);
    try {
      const tenant = v7();
      await sql`select connector.audit_append(${tenant}, null, 'test.done', '{}')`.execute(store.db);
      const read = await store.withTenant(v7(), (trx) =>
        trx.selectFrom('connector.audit_entries').selectAll().execute(),
      );
      expect(read).toEqual([]);
      const owner = await connectOwner(options.databaseUrl);
      // Its owner sees nothing without naming a tenant, and can't change the trail.
      expect((await owner.query('select * from connector.audit_entries')).rows).toEqual([]);
      await expect(owner.query('truncate connector.audit_entries')).rejects.toMatchObject({ code: '42501' });
      await owner.end();
    } finally {
      await store.close();
      await database.asOwner(`drop database ${name} with (force)`, `drop role ${name}`);
    }
  });

  it('says that a database is unreachable, without its password', async () => {
    const wrong = new URL(url);
    wrong.port = '1';
    const failed = await openStore({ databaseUrl: wrong.toString() }, silentLog).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    expect(String(failed)).not.toContain(wrong.password);
  });

  it('never repeats a URL that it can not read', async () => {
    const failed = await openStore({ databaseUrl: 'mysql://u:hunter2@h/d' }, silentLog).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(String(failed)).not.toContain('hunter2');
  });

  it('adds its options to the URL, after those that are there', () => {
    expect(new URL(appUrl('postgres://h/d?options=-c%20a%3Db')).searchParams.get('options')).toBe(
      '-c a=b -c role=connector_app -c connector.tenant=*',
    );
  });
});

describe('tenants', () => {
  it('are kept apart by the database itself, whatever a query asks for', async () => {
    const [a, b] = [v7(), v7()];
    const both = [a, b].map((id) => ({ id, name: id }));
    await database.db.insertInto('connector.tenants').values(both).execute();
    const workspaces = both.map(({ id }) => ({ id: v7(), tenant_id: id, name: 'default' }));
    await database.db.insertInto('connector.workspaces').values(workspaces).execute();
    const seen = await database.store.withTenant(a, (trx) =>
      trx.selectFrom('connector.workspaces').select('tenant_id').execute(),
    );
    expect(seen).toEqual([{ tenant_id: a }]);
    const foreign = database.store.withTenant(a, (trx) =>
      trx.insertInto('connector.workspaces').values({ id: v7(), tenant_id: b, name: 'mine' }).execute(),
    );
    await expect(foreign).rejects.toMatchObject({ code: '42501' });
    expect(await database.db.selectFrom('connector.workspaces').select('id').execute()).toHaveLength(2);
  });

  it('can not point to rows of each other', async () => {
    const [a, b, workspace] = [v7(), v7(), v7()];
    await database.db
      .insertInto('connector.tenants')
      .values([a, b].map((id) => ({ id, name: id })))
      .execute();
    await database.db.insertInto('connector.workspaces').values({ id: workspace, tenant_id: a, name: 'x' }).execute();
    const crossed = database.db
      .insertInto('connector.connections')
      .values({ id: v7(), tenant_id: b, workspace_id: workspace, name: 'x', connector: 'c', config: '{}', auth: 'a' })
      .execute();
    await expect(crossed).rejects.toMatchObject({ code: '23503' });
  });

  it('every table with a tenant is under row-level security, also for its owner', async () => {
    const { rows } = await sql<{ name: string }>`
      select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'connector' and c.relkind = 'r' and c.relname not like 'kysely%'
        and not (c.relrowsecurity and c.relforcerowsecurity)`.execute(database.db);
    const deployment = ['artifact_archives', 'artifact_promotions', 'artifacts', 'trust_floor'];
    expect(rows.map(({ name }) => name).sort()).toEqual(deployment);
  });

  it('are gone after a reset', async () => {
    await database.db.insertInto('connector.tenants').values({ id: v7(), name: 'gone' }).execute();
    await database.reset();
    expect(await database.db.selectFrom('connector.tenants').select('id').execute()).toEqual([]);
  });
});
