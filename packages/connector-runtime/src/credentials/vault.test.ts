import { randomBytes, randomUUID } from 'node:crypto';
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

  it("keeps an endpoint's secrets unprintable", async () => {
    const endpoint = { id: randomUUID(), tenantId };
    const sealedSecrets = await vaultWith().sealEndpointSecrets(endpoint, ['one-secret', 'two-secret']);
    const opened = await vaultWith().openEndpointSecrets({ ...endpoint, sealedSecrets });
    expect(opened.map((secret) => secret.reveal())).toEqual(['one-secret', 'two-secret']);
    expect(JSON.stringify(opened)).not.toContain('one-secret');
  });

  it.each(['', 'short', 'x'.repeat(44), randomBytes(16).toString('base64')])('refuses the master key %j', (text) => {
    expect(() => vaultWith(new Secret(text))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
