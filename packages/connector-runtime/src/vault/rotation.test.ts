import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newTransitKey, serveVault } from '../../e2e/vault-server.ts';
import { createAuditTrail } from '../audit/index.ts';
import { createHashicorpVault } from '../hashicorp-vault.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { RuntimeError } from '../types/errors.ts';
import { Secret } from '../types/secret.ts';
import { readKeyStatus } from './key-status.ts';
import type { KeyWrapper, KeyWrappers } from './key-wrapper.ts';
import { createLocalWrapper } from './local-wrapper.ts';
import { pruneKeys } from './prune-keys.ts';
import { rotateMaster } from './rotate-master.ts';
import { rotateTenants } from './rotate-tenant.ts';
import { shredTenant } from './shred-tenant.ts';
import { createTransitWrapper } from './transit-wrapper.ts';
import { createVault } from './vault.ts';

let database: TestDatabase;
let tenantId: string;
let now = 0;
const clock = { now: () => now };
const newMaster = () => new Secret(randomBytes(32).toString('base64'));
const masterKey = newMaster();
const local = createLocalWrapper(masterKey);
const withCode = (code: string) => expect.objectContaining({ code });

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.reset();
  tenantId = await newTenant();
});

async function newTenant(): Promise<string> {
  const id = randomUUID();
  await database.db.insertInto('connector.tenants').values({ id, name: id }).execute();
  await database.db.insertInto('connector.workspaces').values({ id, tenant_id: id, name: 'default' }).execute();
  return id;
}

const ports = (wrappers: KeyWrappers = [local]) => ({
  db: database.db,
  audit: createAuditTrail({ db: database.db, clock }),
  wrappers,
  by: 'operator:test',
});
/** Another one is another node. */
const newNode = (wrappers: KeyWrappers = [local]) => createVault({ db: database.db, wrappers, clock });
const rotate = (over: Partial<Parameters<typeof rotateTenants>[0]> = {}) =>
  rotateTenants({ ...ports(), tenantIds: [tenantId], settle: async () => {}, ...over });
const place = (ownerId: string, generation = 1) => ({ tenantId, ownerId, field: 'credential', generation });

async function store(text: string, vault = newNode()): Promise<string> {
  const id = randomUUID();
  await sql`insert into connector.connections (id, tenant_id, workspace_id, name, connector, config, auth)
    values (${id}, ${tenantId}, ${tenantId}, ${id}, 'sample', '{}', 'token')`.execute(database.db);
  const sealed = await vault.seal(place(id), text);
  await database.db
    .insertInto('connector.credentials')
    .values({ connection_id: id, tenant_id: tenantId, generation: 1, sealed, expires_at: null })
    .execute();
  return id;
}

async function storeEndpoint(connectionId: string, secret: string): Promise<string> {
  const id = randomUUID();
  const sealed = await newNode().sealEndpointSecret({ id, tenantId }, new Secret(secret));
  await sql`insert into connector.endpoints (id, tenant_id, workspace_id, connection_id, connector, purpose, name)
    values (${id}, ${tenantId}, ${tenantId}, ${connectionId}, 'sample', 'trigger', 'changed')`.execute(database.db);
  await sql`insert into connector.endpoint_secrets (id, tenant_id, endpoint_id, sealed, created_at)
    values (${randomUUID()}, ${tenantId}, ${id}, ${sealed}, now())`.execute(database.db);
  return id;
}

async function read(id: string, vault = newNode()): Promise<string> {
  const { sealed } = await database.db
    .selectFrom('connector.credentials')
    .select('sealed')
    .where('connection_id', '=', id)
    .executeTakeFirstOrThrow();
  return vault.open(place(id), sealed);
}

async function versionsInUse(): Promise<(number | null)[]> {
  const rows = await database.db
    .selectFrom('connector.credentials')
    .select('data_key')
    .distinct()
    .where('tenant_id', '=', tenantId)
    .execute();
  return rows.map(({ data_key }) => data_key);
}

/** For a lock that another holds. */
async function untilSomebodyWaits(): Promise<void> {
  for (let waiting = 0; waiting === 0; ) {
    const { rows } = await sql<{ waiting: number }>`
      select count(*)::int as waiting from pg_locks where not granted`.execute(database.db);
    waiting = rows[0]?.waiting ?? 0;
  }
}

const keyVersions = async () => (await readKeyStatus(database.db, { tenantId })).map(({ version }) => version);

async function auditKinds(): Promise<string[]> {
  const rows = await database.db
    .selectFrom('connector.audit_entries')
    .select('kind')
    .where('tenant_id', '=', tenantId)
    .orderBy('seq')
    .execute();
  return rows.map(({ kind }) => kind);
}

describe("rotating a tenant's key", () => {
  it('seals everything anew, in batches, and says so in the audit', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 7; at += 1) ids.push(await store(`secret ${at}`));
    const endpointId = await storeEndpoint(ids[0] ?? '', 'endpoint-secret');
    const progress: string[] = [];
    const [rotation] = await rotate({
      batchSize: 3,
      onProgress: ({ done, total }) => progress.push(`${done}/${total}`),
    });
    expect(rotation).toEqual({ tenantId, version: 2, resumed: false, resealed: 8, unreadable: 0 });
    expect(progress).toEqual(['3/8', '6/8', '7/8', '8/8']);
    expect(await versionsInUse()).toEqual([2]);
    expect(await Promise.all(ids.map((id) => read(id)))).toEqual(ids.map((_, at) => `secret ${at}`));
    const { sealed } = await database.db
      .selectFrom('connector.endpoint_secrets')
      .select('sealed')
      .where('endpoint_id', '=', endpointId)
      .executeTakeFirstOrThrow();
    const secret = await newNode().openEndpointSecret({ id: endpointId, tenantId }, sealed);
    expect(secret.reveal()).toBe('endpoint-secret');
    expect(await auditKinds()).toEqual(['key.rotation_started', 'key.rotated']);
  });

  it.each(['the new key', 'a batch', 'the end'])('killed at %s, loses nothing and is taken up', async (killAt) => {
    const ids: string[] = [];
    for (let at = 0; at < 12; at += 1) ids.push(await store(`secret ${at}`));
    const child = spawn(
      process.execPath,
      ['--conditions=@org/source', fileURLToPath(new URL('./rotation.fixture.ts', import.meta.url))],
      {
        env: {
          DATABASE: database.store.url.reveal(),
          MASTER_KEY: masterKey.reveal(),
          TENANT: tenantId,
          KILL_AT: killAt,
        },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(await Promise.all(ids.map((id) => read(id)))).toEqual(ids.map((_, at) => `secret ${at}`));
    const left = { 'the new key': 12, 'a batch': 7, 'the end': 0 }[killAt];
    expect(await rotate()).toEqual([{ tenantId, version: 2, resumed: true, resealed: left, unreadable: 0 }]);
    expect(await versionsInUse()).toEqual([2]);
    expect(await Promise.all(ids.map((id) => read(id)))).toEqual(ids.map((_, at) => `secret ${at}`));
    expect(await rotate()).toMatchObject([{ version: 3, resumed: false }]);
  });

  it('lets other nodes read and write all the while, also those that still seal with the old key', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 20; at += 1) ids.push(await store(`secret ${at}`));
    const [other, stale] = [newNode(), newNode()];
    expect(await Promise.all([other, stale].map((node) => read(ids[0] ?? '', node)))).toEqual(['secret 0', 'secret 0']);
    const during: Promise<unknown>[] = [];
    const late: string[] = [];
    const [rotation] = await rotate({
      batchSize: 2,
      onProgress: () => {
        for (const id of ids) during.push(read(id, other));
      },
      // This node remembers the old key: what it writes now is sealed under it.
      settle: async () => void late.push(await store('written late', stale)),
    });
    expect(await Promise.all(during)).toHaveLength(during.length);
    expect(rotation).toMatchObject({ resealed: 21 });
    expect(await versionsInUse()).toEqual([2]);
    expect(await read(late[0] ?? '', other)).toBe('written late');
  });

  it('waits for a row that somebody is just renewing, and seals what came of it', async () => {
    const id = await store('before');
    const held = Promise.withResolvers<void>();
    const holding = Promise.withResolvers<void>();
    const renewal = database.db.transaction().execute(async (trx) => {
      await sql`select 1 from connector.credentials where connection_id = ${id} for update`.execute(trx);
      held.resolve();
      await holding.promise;
      const sealed = await newNode().seal(place(id), 'after');
      await sql`update connector.credentials set sealed = ${sealed} where connection_id = ${id}`.execute(trx);
    });
    await held.promise;
    const rotating = rotate();
    await untilSomebodyWaits();
    holding.resolve();
    await Promise.all([renewal, rotating]);
    expect(await read(id)).toBe('after');
    expect(await versionsInUse()).toEqual([2]);
  });

  it('keeps the old key until nothing needs it and some time has passed', async () => {
    await store('kept');
    await rotate();
    expect(await pruneKeys(ports())).toBe(0);
    expect(await keyVersions()).toEqual([1, 2]);
    expect(await pruneKeys({ ...ports(), keepOldSeconds: 0 })).toBe(1);
    expect(await keyVersions()).toEqual([2]);
  });

  it('never loses a key that something still needs: the database refuses', async () => {
    const stale = newNode();
    const id = await store('old', stale);
    await rotate();
    const sealed = await stale.seal(place(id), 'sealed by a node that slept');
    await pruneKeys({ ...ports(), keepOldSeconds: 0 });
    const write = sql`update connector.credentials set sealed = ${sealed} where connection_id = ${id}`.execute(
      database.db,
    );
    await expect(write).rejects.toMatchObject({ code: '23503' });
    expect(await read(id)).toBe('old');
    await expect(
      sql`delete from connector.tenant_keys where tenant_id = ${tenantId}`.execute(database.db),
    ).rejects.toMatchObject({ code: '23503' });
  });

  it('is one rotation, however many start it at once', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 10; at += 1) ids.push(await store(`secret ${at}`));
    const rotations = (await Promise.all([rotate({ batchSize: 1 }), rotate({ batchSize: 1 })])).flat();
    expect(rotations.map(({ version }) => version)).toEqual([2, 2]);
    expect(rotations.reduce((sum, { resealed }) => sum + resealed, 0)).toBe(10);
    expect(await keyVersions()).toEqual([1, 2]);
  });

  it('leaves what opens under no key as it is, counts it, and still gives a key to seal with', async () => {
    const id = await store('from a backup');
    const another = createLocalWrapper(newMaster());
    await expect(read(id, newNode([another]))).rejects.toEqual(withCode('CREDENTIAL_UNREADABLE'));
    await expect(newNode([another]).seal(place(id), 'x')).rejects.toEqual(withCode('CREDENTIAL_UNREADABLE'));
    expect(await rotate({ wrappers: [another] })).toMatchObject([{ version: 2, resealed: 0, unreadable: 1 }]);
    const anew = await store('stored again', newNode([another]));
    expect(await read(anew, newNode([another]))).toBe('stored again');
    await pruneKeys({ ...ports(), keepOldSeconds: 0 });
    expect(await read(id, newNode([another, local]))).toBe('from a backup');
  });

  it('does nothing for a tenant that has no secret yet', async () => {
    expect(await rotate()).toEqual([]);
  });
});

describe('rotating the master key', () => {
  const another = createLocalWrapper(newMaster());

  it('wraps every key anew and touches nothing sealed; a node with both opens all along', async () => {
    const id = await store('a secret');
    const node = newNode([another, local]);
    expect(await read(id, node)).toBe('a secret');
    const { rewrapped, unreadable } = await rotateMaster(ports([another, local]));
    expect(rewrapped).toBeGreaterThan(0);
    expect(unreadable).toEqual([]);
    expect(await read(id, newNode([another]))).toBe('a secret');
    await expect(read(id, newNode([local]))).rejects.toEqual(withCode('CREDENTIAL_UNREADABLE'));
    expect(await rotateMaster(ports([another, local]))).toMatchObject({ rewrapped: 0 });
    await rotateMaster(ports([local, another]));
  });

  it('goes on where it was when the key service failed in between', async () => {
    const ids = [await store('one')];
    tenantId = await newTenant();
    ids.push(await store('two'));
    let calls = 0;
    const failing: KeyWrapper = {
      ...another,
      async wrap(key, context) {
        calls += 1;
        if (calls === 2) throw new RuntimeError('KEY_SERVICE_UNAVAILABLE', 'gone');
        return another.wrap(key, context);
      },
    };
    await expect(rotateMaster(ports([failing, local]))).rejects.toEqual(withCode('KEY_SERVICE_UNAVAILABLE'));
    const { rewrapped } = await rotateMaster(ports([failing, local]));
    expect(rewrapped).toBeGreaterThan(0);
    expect(await readKeyStatus(database.db, { wrappers: [another] })).not.toContainEqual(
      expect.objectContaining({ opens: 'CREDENTIAL_UNREADABLE' }),
    );
    await rotateMaster(ports([local, another]));
  });

  it('leaves and names keys that no configured master key opens', async () => {
    await store('a secret');
    const { unreadable } = await rotateMaster(ports([another]));
    expect(unreadable).toContainEqual({ tenantId, version: 1, wrapper: local.id });
    expect(await readKeyStatus(database.db, { tenantId, wrappers: [another] })).toMatchObject([
      { state: 'sealing', sealed: 1, opens: 'CREDENTIAL_UNREADABLE' },
    ]);
  });

  it('does not bring back a key that is shredded meanwhile', async () => {
    await store('a secret');
    const slow: KeyWrapper = {
      ...another,
      async wrap(key, context) {
        if (context.tenantId === tenantId) await shredTenant({ ...ports(), tenantId });
        return another.wrap(key, context);
      },
    };
    await rotateMaster(ports([slow, local]));
    expect(await readKeyStatus(database.db, { tenantId })).toMatchObject([{ state: 'shredded' }]);
    await rotateMaster(ports([local, another]));
  });

  it.each([false, true])('follows a key that the service itself rotated (derived: %s)', async (derived) => {
    const server = await serveVault();
    const key = newTransitKey({ derived });
    server.keys.set('connector', key);
    process.env.ROTATION_TOKEN = server.token;
    const api = await createHashicorpVault(
      { address: server.url, token: { env: 'ROTATION_TOKEN' } },
      { unavailable: (message) => new RuntimeError('KEY_SERVICE_UNAVAILABLE', message), learn: () => {} },
    );
    const transit = createTransitWrapper({ api, key: 'connector', derived });
    try {
      const id = await store('a secret', newNode([transit, local]));
      await rotateMaster(ports([transit, local]));
      key.versions.push(randomBytes(32));
      expect((await rotateMaster(ports([transit, local]))).rewrapped).toBeGreaterThan(0);
      key.minDecryptionVersion = 2;
      expect(await read(id, newNode([transit]))).toBe('a secret');
      expect((await rotateMaster(ports([transit, local]))).rewrapped).toBe(0);
    } finally {
      await rotateMaster(ports([local, transit]));
      delete process.env.ROTATION_TOKEN;
      await server.close();
    }
  });
});

describe('shredding a tenant', () => {
  it('makes every secret of it unreadable for good, and no other tenant’s', async () => {
    const other = await store('of another tenant');
    const otherTenant = tenantId;
    tenantId = await newTenant();
    const id = await store('gone');
    await rotate();
    expect(await shredTenant({ ...ports(), tenantId })).toEqual({ versions: 2 });
    await expect(read(id)).rejects.toEqual(withCode('CREDENTIAL_SHREDDED'));
    await expect(newNode().seal(place(id), 'anew')).rejects.toEqual(withCode('CREDENTIAL_SHREDDED'));
    await expect(rotate()).rejects.toEqual(withCode('CREDENTIAL_SHREDDED'));
    expect(await pruneKeys({ ...ports(), keepOldSeconds: 0 })).toBe(0);
    const keys = await database.db
      .selectFrom('connector.tenant_keys')
      .select('wrapped_key')
      .where('tenant_id', '=', tenantId)
      .execute();
    expect(keys).toEqual([{ wrapped_key: null }, { wrapped_key: null }]);
    expect(await auditKinds()).toContain('key.shredded');
    tenantId = otherTenant;
    expect(await read(other)).toBe('of another tenant');
  });

  it('leaves a tombstone also where there was no key, so that none is ever made', async () => {
    await shredTenant({ ...ports(), tenantId });
    await expect(newNode().seal(place(randomUUID()), 'x')).rejects.toEqual(withCode('CREDENTIAL_SHREDDED'));
  });

  it('is noticed by nodes that know the key, as soon as they look again', async () => {
    const node = newNode();
    const id = await store('gone', node);
    await shredTenant({ ...ports(), tenantId });
    now += 10_000;
    await expect(read(id, node)).rejects.toEqual(withCode('CREDENTIAL_SHREDDED'));
  });

  it('refuses a tenant that is not there', async () => {
    await expect(shredTenant({ ...ports(), tenantId: randomUUID() })).rejects.toEqual(withCode('TENANT_UNKNOWN'));
  });
});
