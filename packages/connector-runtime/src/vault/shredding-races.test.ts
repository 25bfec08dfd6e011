import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createAuditTrail } from '../audit/index.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { Secret } from '../types/secret.ts';
import { readKeyStatus } from './key-status.ts';
import type { KeyWrapper, KeyWrappers } from './key-wrapper.ts';
import { createLocalWrapper } from './local-wrapper.ts';
import { rotateMaster } from './rotate-master.ts';
import { rotateTenants } from './rotate-tenant.ts';
import { shredTenant } from './shred-tenant.ts';
import { createVault } from './vault.ts';

let database: TestDatabase;
let tenantId: string;
const clock = { now: () => 0 };
const newWrapper = () => createLocalWrapper(new Secret(randomBytes(32).toString('base64')));
const local = newWrapper();
const withCode = (code: string) => expect.objectContaining({ code });

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.reset();
  tenantId = randomUUID();
  await database.db.insertInto('connector.tenants').values({ id: tenantId, name: tenantId }).execute();
});

const ports = (wrappers: KeyWrappers = [local]) => ({
  db: database.db,
  audit: createAuditTrail({ db: database.db, clock }),
  wrappers,
  by: 'operator:test',
});
const place = { tenantId: '', ownerId: randomUUID(), field: 'credential', generation: 1 };
const newNode = (wrappers: KeyWrappers = [local]) => createVault({ db: database.db, wrappers, clock });
const seal = (wrappers?: KeyWrappers) => newNode(wrappers).seal({ ...place, tenantId }, 'a secret');
const rotate = (wrappers: KeyWrappers) =>
  rotateTenants({ ...ports(wrappers), tenantIds: [tenantId], settle: async () => {} });

it('a rotation under way does not give a shredded tenant a key again', async () => {
  await seal();
  const slow: KeyWrapper = {
    ...local,
    async wrap(key, context) {
      await shredTenant({ ...ports(), tenantId });
      return local.wrap(key, context);
    },
  };
  await expect(rotate([slow])).rejects.toEqual(withCode('CREDENTIAL_SHREDDED'));
  expect(await readKeyStatus(database.db, { tenantId })).toMatchObject([{ state: 'shredded' }]);
  await expect(seal()).rejects.toEqual(withCode('CREDENTIAL_SHREDDED'));
});

const another = newWrapper();
const wrong: readonly (readonly [string, KeyWrapper])[] = [
  ['nothing', { ...another, wrap: async () => Buffer.alloc(0) }],
  ['something else', { ...another, wrap: async () => randomBytes(61) }],
  ['another key', { ...another, wrap: (_key, context) => another.wrap(randomBytes(32), context) }],
  ['the key of another tenant', { ...another, wrap: (key) => another.wrap(key, { tenantId: 'x', version: 1 }) }],
];

it.each(wrong)('a key service that wraps %s takes no key away', async (_, broken) => {
  const sealed = await seal();
  await expect(rotateMaster(ports([broken, local]))).rejects.toEqual(withCode('KEY_SERVICE_REFUSED'));
  expect(await newNode().open({ ...place, tenantId }, sealed)).toBe('a secret');
  await expect(rotate([broken, local])).rejects.toEqual(withCode('KEY_SERVICE_REFUSED'));
  expect(await readKeyStatus(database.db, { tenantId })).toMatchObject([{ version: 1 }]);
});

it.each(wrong)('a key service that wraps %s gives no first key', async (_, broken) => {
  await expect(seal([broken])).rejects.toEqual(withCode('KEY_SERVICE_REFUSED'));
  expect(await readKeyStatus(database.db, { tenantId })).toEqual([]);
});

it('no connection of a shredded tenant can be enabled again, also one that was disabled before', async () => {
  const id = randomUUID();
  const { db } = database;
  await db.insertInto('connector.workspaces').values({ id, tenant_id: tenantId, name: 'default' }).execute();
  await sql`insert into connector.connections (id, tenant_id, workspace_id, name, connector, config, auth, status, enabled_status)
    values (${id}, ${tenantId}, ${id}, 'main', 'sample', '{}', 'oauth', 'disabled', 'ready')`.execute(db);
  await shredTenant({ ...ports(), tenantId });
  const [row] = await db.selectFrom('connector.connections').selectAll().where('id', '=', id).execute();
  expect(row).toMatchObject({ status: 'disabled', enabled_status: null, status_reason: 'secrets_shredded' });
});
