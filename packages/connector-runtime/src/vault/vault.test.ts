import { createCipheriv, randomBytes, randomUUID } from 'node:crypto';
import { canonicalJson } from '@org/connector-sdk';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { Secret } from '../types/secret.ts';
import { createVault } from './vault.ts';

let database: TestDatabase;
const tenantId = randomUUID();
const otherTenant = randomUUID();
const newKey = () => new Secret(randomBytes(32).toString('base64'));
const masterKey = newKey();
const vaultWith = (key = masterKey) => createVault({ db: database.db, masterKey: key });
const context = { tenantId, ownerId: randomUUID(), field: 'credential', generation: 3 };
const unreadable = expect.objectContaining({ code: 'CREDENTIAL_UNREADABLE' });

beforeAll(async () => {
  database = await createTestDatabase();
  for (const id of [tenantId, otherTenant]) {
    await database.db.insertInto('connector.tenants').values({ id, name: id }).execute();
  }
});
afterAll(() => database.close());

describe('the vault', () => {
  it('gives back what was sealed, also on another node, and never seals alike twice', async () => {
    const [one, two] = [await vaultWith().seal(context, 'a secret'), await vaultWith().seal(context, 'a secret')];
    expect(one.equals(two)).toBe(false);
    expect(one.includes('a secret')).toBe(false);
    await expect(vaultWith().open(context, one)).resolves.toBe('a secret');
  });

  it.each([
    ['tenant', { tenantId: otherTenant }],
    ['owner', { ownerId: randomUUID() }],
    ['field', { field: 'endpoint-secrets' }],
    ['generation', { generation: 2 }],
  ])('does not open under another %s', async (_, other) => {
    const sealed = await vaultWith().seal(context, 'a secret');
    await expect(vaultWith().open({ ...context, ...other }, sealed)).rejects.toEqual(unreadable);
  });

  it('does not open once a single bit changed or a part is missing', async () => {
    const vault = vaultWith();
    const sealed = await vault.seal(context, 'a secret');
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await expect(vault.open(context, changed)).rejects.toEqual(unreadable);
      }),
    );
    for (let length = 0; length < sealed.length; length += 1) {
      await expect(vault.open(context, sealed.subarray(0, length))).rejects.toEqual(unreadable);
    }
  });

  it('opens what was sealed before keys had versions and wrappers had names', async () => {
    const id = randomUUID();
    await database.db.insertInto('connector.tenants').values({ id, name: id }).execute();
    const dataKey = randomBytes(32);
    const wrapped_key = sealOld(Buffer.from(masterKey.reveal(), 'base64'), ['tenant-key', id], dataKey);
    await database.db
      .insertInto('connector.tenant_keys')
      .values({ tenant_id: id, version: 1, wrapped_key, wrapper: null, resealed_at: null, shredded_at: null })
      .execute();
    const { ownerId, field, generation } = context;
    const sealed = sealOld(dataKey, ['sealed', id, ownerId, field, generation], Buffer.from('an old secret'));
    await expect(vaultWith().open({ ...context, tenantId: id }, sealed)).resolves.toBe('an old secret');
    await expect(vaultWith(newKey()).open({ ...context, tenantId: id }, sealed)).rejects.toEqual(unreadable);
  });

  it('does not open with another master key', async () => {
    const sealed = await vaultWith().seal(context, 'a secret');
    await expect(vaultWith(newKey()).open(context, sealed)).rejects.toEqual(unreadable);
  });

  it('makes one key per tenant, however many ask at once', async () => {
    const id = randomUUID();
    await database.db.insertInto('connector.tenants').values({ id, name: id }).execute();
    const mine = { ...context, tenantId: id };
    const sealed = await Promise.all(Array.from({ length: 20 }, (_, index) => vaultWith().seal(mine, String(index))));
    const vault = vaultWith();
    await expect(Promise.all(sealed.map((bytes) => vault.open(mine, bytes)))).resolves.toEqual(
      Array.from({ length: 20 }, (_, index) => String(index)),
    );
  });

  it("keeps an endpoint's secret unprintable", async () => {
    const endpoint = { id: randomUUID(), tenantId };
    const sealed = await vaultWith().sealEndpointSecret(endpoint, new Secret('one-secret'));
    const opened = await vaultWith().openEndpointSecret(endpoint, sealed);
    expect(opened.reveal()).toBe('one-secret');
    expect(JSON.stringify(opened)).not.toContain('one-secret');
  });

  it.each(['', 'short', 'x'.repeat(44), randomBytes(16).toString('base64')])('refuses the master key %j', (text) => {
    expect(() => vaultWith(new Secret(text))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

/** The first format: neither the key's version nor its wrapper is named. */
function sealOld(key: Buffer, place: readonly unknown[], plain: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(canonicalJson([1, ...place])));
  return Buffer.concat([Buffer.of(1), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}
