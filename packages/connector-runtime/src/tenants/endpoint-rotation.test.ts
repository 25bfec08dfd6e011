import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { githubDelivery } from '../ingress/test-github-delivery.ts';
import { createTestIngress } from '../ingress/test-ingress.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { Secret } from '../types/secret.ts';
import { createTestTenants, type Seeded, type TestTenants, tenantManifest } from './test-tenant.ts';

let database: TestDatabase;
let test: TestTenants;
let seeded: Seeded;
let named: { tenantId: string; endpointId: string; by: string };
let now = Date.parse('2026-11-22T12:00:00Z');
let sent = 0;
const clock = { now: () => now };
const code = (expected: string) => expect.objectContaining({ code: expected });

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await database.reset();
  test = createTestTenants(database.store, clock);
  seeded = await test.seed('a');
  named = { tenantId: seeded.tenantId, endpointId: seeded.endpointId, by: 'admin:test' };
});
afterAll(() => database?.close());

/** A node of its own, with a cache of its own. `status`: what the sender with this address and secret is answered. */
function node(endpointTtlMs = 5000) {
  const ingress = createTestIngress({ store: database.store, clock, secrets: test }, { endpointTtlMs });
  return {
    async status(over: { token?: string; secret?: string } = {}): Promise<number> {
      sent += 1;
      const delivery = githubDelivery({ ...seeded, ...over }, { id: `d-${sent}`, receivedAt: now });
      return (await ingress.receive(delivery)).status;
    },
    async ping(secret: string): Promise<number> {
      const delivery = githubDelivery({ ...seeded, secret }, { id: 'ping', receivedAt: now });
      const headers = delivery.headers.map(
        ([name, value]) => [name, name === 'x-github-event' ? 'ping' : value] as const,
      );
      return (await ingress.receive({ ...delivery, headers })).status;
    },
  };
}

async function rotateAddress(overlapSeconds = 3600) {
  const { token, ...rest } = await test.tenants.rotateAddress({ ...named, overlapSeconds });
  return { ...rest, token: token.reveal() };
}

async function rotateSecret(overlapSeconds = 3600, given?: string) {
  const request = { ...named, overlapSeconds, ...(given === undefined ? {} : { secret: new Secret(given) }) };
  const { secret, ...rest } = await test.tenants.rotateSecret(request);
  return { ...rest, secret: secret.reveal() };
}

const kinds = async () => {
  const { rows } = await sql<{ kind: string }>`
    select kind from connector.audit_entries where kind like 'endpoint.%' order by seq`.execute(database.db);
  return rows.map(({ kind }) => kind);
};

describe('an address', () => {
  it('works beside its successor until the overlap ends, to the millisecond, however long it is remembered', async () => {
    const { token, earlierUntil } = await rotateAddress();
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(earlierUntil.getTime()).toBe(now + 3_600_000);
    const one = node(3_600_000_000);
    expect([await one.status(), await one.status({ token })]).toEqual([200, 200]);
    now += 3_599_999;
    expect(await one.status()).toBe(200);
    now += 1;
    expect([await one.status(), await one.status({ token })]).toEqual([401, 200]);
  });

  it('without overlap ends at once at every node, also where it is remembered', async () => {
    const [here, there] = [node(), node()];
    expect([await here.status(), await there.status()]).toEqual([200, 200]);
    const { token } = await rotateAddress(0);
    expect([await here.status(), await there.status(), await there.status({ token })]).toEqual([401, 401, 200]);
  });

  it('may be one of five; a rotation without overlap ends all earlier ones', async () => {
    const tokens = [seeded.token];
    for (let n = 0; n < 4; n += 1) tokens.push((await rotateAddress()).token);
    await expect(rotateAddress()).rejects.toEqual(code('ENDPOINT_ROTATION_LIMIT'));
    const one = node();
    for (const token of tokens) expect(await one.status({ token })).toBe(200);
    const { token: last } = await rotateAddress(0);
    for (const token of tokens) expect(await one.status({ token })).toBe(401);
    expect(await one.status({ token: last })).toBe(200);
  });

  it('does not live longer by a later rotation with a longer overlap', async () => {
    await rotateAddress(60);
    await rotateAddress(3600);
    now += 60_000;
    expect(await node().status()).toBe(401);
  });

  it('is one after two rotations at the same time', async () => {
    await Promise.all([rotateAddress(), rotateAddress()]);
    const { addresses } = await test.tenants.showEndpoint(seeded.tenantId, seeded.endpointId);
    expect(addresses.map(({ expiresAt }) => expiresAt === null)).toEqual([false, false, true]);
  });
});

describe('a secret', () => {
  it('verifies beside its successor until the overlap ends, to the millisecond, however long it is remembered', async () => {
    const { secret } = await rotateSecret();
    const one = node(3_600_000_000);
    expect([await one.status(), await one.status({ secret })]).toEqual([200, 200]);
    now += 3_599_999;
    expect(await one.status()).toBe(200);
    now += 1;
    expect([await one.status(), await one.ping(seeded.secret)]).toEqual([401, 401]);
    expect([await one.status({ secret }), await one.ping(secret)]).toEqual([200, 200]);
  });

  it('that leaked is removed at once at every node, while the others go on', async () => {
    const leaked = await rotateSecret();
    const [here, there] = [node(), node()];
    for (const one of [here, there]) expect(await one.status({ secret: leaked.secret })).toBe(200);
    const remove = () => test.tenants.removeSecret({ ...named, secretId: leaked.secretId });
    await expect(remove()).rejects.toEqual(code('ENDPOINT_SECRET_CURRENT'));
    const { secret } = await rotateSecret();
    await remove();
    await expect(remove()).rejects.toEqual(code('ENDPOINT_SECRET_UNKNOWN'));
    for (const one of [here, there]) expect(await one.status({ secret: leaked.secret })).toBe(401);
    for (const given of [seeded.secret, secret]) {
      expect([await node().status({ secret: given })]).toEqual([200]);
    }
  });

  it('is one of the sender’s own, unless it could be guessed (pitfall 2)', async () => {
    await expect(rotateSecret(60, 'fifteen-bytes-x')).rejects.toEqual(code('ENDPOINT_SECRET_TOO_SHORT'));
    await expect(rotateSecret(60, '')).rejects.toEqual(code('ENDPOINT_SECRET_TOO_SHORT'));
    expect(await rotateSecret(0, 'sixteen-bytes-xy')).toMatchObject({ secret: 'sixteen-bytes-xy' });
    const one = node();
    expect([await one.status(), await one.status({ secret: 'sixteen-bytes-xy' })]).toEqual([401, 200]);
  });

  it('may be one of five', async () => {
    for (let n = 0; n < 4; n += 1) await rotateSecret();
    await expect(rotateSecret()).rejects.toEqual(code('ENDPOINT_ROTATION_LIMIT'));
    now += 3_600_000;
    await expect(rotateSecret()).resolves.toMatchObject({ secretId: expect.any(String) });
  });
});

describe('an endpoint', () => {
  it('is shown with its addresses, secrets and last delivery, and no value of any', async () => {
    const { token, addressId } = await rotateAddress();
    const { secret, secretId } = await rotateSecret(60);
    now += 1000;
    await node().status();
    const shown = await test.tenants.showEndpoint(seeded.tenantId, seeded.endpointId);
    expect(shown).toMatchObject({
      addresses: [{ expiresAt: new Date(now - 1000 + 3_600_000) }, { id: addressId, expiresAt: null }],
      secrets: [{ expiresAt: new Date(now - 1000 + 60_000) }, { id: secretId, expiresAt: null }],
      lastAcceptedAt: new Date(now),
    });
    now += 60_000;
    const [listed] = await test.tenants.listEndpoints(seeded.tenantId);
    expect(listed?.secrets.map(({ id }) => id)).toEqual([secretId]);
    const { rows } = await sql<{ text: string }>`
      select a::text as text from connector.endpoint_addresses a union all select s::text from connector.endpoint_secrets s
      union all select x.body from connector.audit_entries x`.execute(database.db);
    const all = JSON.stringify([shown, listed, rows]);
    for (const value of [token, secret, seeded.token, seeded.secret]) expect(all).not.toContain(value);
    expect(await kinds()).toEqual(['endpoint.created', 'endpoint.address_rotated', 'endpoint.secret_rotated']);
  });

  it('is enabled again with what it had, unless its connection is gone', async () => {
    const one = node();
    await test.tenants.disableEndpoint(named);
    expect(await one.status()).toBe(401);
    await test.tenants.enableEndpoint(named);
    await test.tenants.enableEndpoint(named);
    expect(await node().status()).toBe(200);
    expect(await kinds()).toEqual(['endpoint.created', 'endpoint.disabled', 'endpoint.enabled']);
    await test.tenants.deleteConnection({ ...named, connectionId: seeded.connectionId, force: true });
    await expect(test.tenants.enableEndpoint(named)).rejects.toEqual(code('ENDPOINT_CONNECTION_DELETED'));
  });

  it('of another tenant is unknown to every change', async () => {
    const { tenants } = test;
    const foreign = { ...named, tenantId: (await test.seed('b')).tenantId };
    const unknown = code('ENDPOINT_UNKNOWN');
    const [secret] = (await tenants.showEndpoint(seeded.tenantId, seeded.endpointId)).secrets;
    for (const attempt of [
      () => tenants.rotateAddress({ ...foreign, overlapSeconds: 0 }),
      () => tenants.rotateSecret({ ...foreign, overlapSeconds: 0 }),
      () => tenants.removeSecret({ ...foreign, secretId: secret?.id ?? '' }),
      () => tenants.enableEndpoint(foreign),
      () => tenants.disableEndpoint(foreign),
      () => tenants.showEndpoint(foreign.tenantId, foreign.endpointId),
    ]) {
      await expect(attempt()).rejects.toEqual(unknown);
    }
    expect(await node().status()).toBe(200);
  });

  it('whose senders sign with keys of their own takes another public key, and makes none', async () => {
    const v1a = { scheme: 'standard-webhooks', version: 'v1a' } as const;
    const { triggers, version: _, ...rest } = tenantManifest();
    const changed = triggers.changed;
    if (changed?.webhook === undefined) throw new Error('the sample has a webhook');
    const manifest = {
      ...rest,
      version: '1.1.0',
      triggers: { changed: { ...changed, webhook: { ...changed.webhook, verification: v1a } } },
    };
    await test.tenants.enable(seeded.tenantId, await test.addArtifact(manifest), 'admin:test');
    await expect(rotateSecret()).rejects.toEqual(code('ENDPOINT_SECRET_TOO_SHORT'));
  });
});
