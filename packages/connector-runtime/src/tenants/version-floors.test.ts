import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestHttp, type TestHttp } from '../http/test-http-app.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { systemClock } from '../types/clock.ts';
import { tenantManifest } from './test-tenant.ts';

let database: TestDatabase;
let http: TestHttp;
let tenantId: string;
const by = 'admin:test';
const code = (name: string) => expect.objectContaining({ code: name });

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.reset();
  http = createTestHttp(database, systemClock);
  ({ id: tenantId } = await http.test.tenants.createTenant({ name: 'acme', by }));
});

const release = (version: string) => http.test.addArtifact(tenantManifest({ version }));
const enable = async (version: string) => http.test.tenants.enable(tenantId, await release(version), by);
const floors = async () =>
  (await http.test.tenants.listEnablements(tenantId)).map(({ version, floor }) => [version, floor]);

async function audited(kind: string): Promise<unknown[]> {
  const rows = await database.db
    .selectFrom('connector.audit_entries')
    .select('body')
    .where('kind', '=', kind)
    .execute();
  return rows.map(({ body }) => (JSON.parse(body) as { details: unknown }).details);
}

describe('the version floor of a tenant', () => {
  it('rises with what is enabled, and refuses what is older, by precedence and not by spelling', async () => {
    for (const version of ['1.9.0', '1.10.0-rc.1', '1.10.0']) await enable(version);
    await enable('1.10.0');
    for (const version of ['1.9.9', '1.10.0-rc.2', '0.99.0']) {
      await expect(enable(version)).rejects.toEqual(code('ARTIFACT_ROLLBACK'));
    }
    expect(await floors()).toEqual([['1.10.0', '1.10.0']]);
    expect(await audited('connector.refused')).toEqual(
      ['1.9.9', '1.10.0-rc.2', '0.99.0'].map((version) =>
        expect.objectContaining({ code: 'ARTIFACT_ROLLBACK', version, floor: '1.10.0' }),
      ),
    );
  });

  it('is another for each tenant', async () => {
    await enable('2.0.0');
    const { id: other } = await http.test.tenants.createTenant({ name: 'other', by });
    await expect(http.test.tenants.enable(other, await release('1.0.0'), by)).resolves.toBeDefined();
  });

  it('refuses an older release that was put in place behind the runtime’s back', async () => {
    await enable('1.0.0');
    await enable('1.1.0');
    await database.asOwner(`update connector.enablements set digest = '${await release('1.0.0')}'`);
    await expect(http.test.tenants.enabled(tenantId, 'sample')).rejects.toEqual(code('ARTIFACT_ROLLBACK'));
  });

  it('sees the other of two enablements at once', async () => {
    const versions = ['1.0.0', '1.3.0', '1.1.0', '1.2.0'];
    const digests = await Promise.all(versions.map(release));
    await Promise.allSettled(digests.map((digest) => http.test.tenants.enable(tenantId, digest, by)));
    expect(await floors()).toEqual([['1.3.0', '1.3.0']]);
  });

  it('is lowered by an administrator, with a reason, in the audit', async () => {
    await enable('1.1.0');
    const path = `/tenants/${tenantId}/enablements/sample/floor`;
    expect((await http.admin('PUT', path, { version: '1.0.0' })).status).toBe(400);
    expect((await http.admin('PUT', path, { version: 'old', reason: 'x' })).status).toBe(400);
    expect(await http.admin('PUT', path, { version: '1.0.0', reason: '1.1.0 loses notes' })).toEqual({
      status: 200,
      json: { connector: 'sample', floor: '1.0.0' },
    });
    await enable('1.0.0');
    expect(await floors()).toEqual([['1.0.0', '1.0.0']]);
    expect(await audited('connector.floor_set')).toEqual([
      { before: '1.1.0', version: '1.0.0', reason: '1.1.0 loses notes' },
    ]);
  });

  it('is not there for a connector, or a tenant, that never enabled one', async () => {
    const { id: other } = await http.test.tenants.createTenant({ name: 'other', by });
    await enable('1.0.0');
    for (const path of [
      `/tenants/${tenantId}/enablements/nothing/floor`,
      `/tenants/${other}/enablements/sample/floor`,
    ]) {
      const { status, json } = await http.admin('PUT', path, { version: '1.0.0', reason: 'x' });
      expect([status, json]).toEqual([422, { error: code('CONNECTOR_NOT_ENABLED') }]);
    }
  });

  it('answers a rollback over the admin API with 409', async () => {
    await enable('1.1.0');
    const { status, json } = await http.admin('POST', `/tenants/${tenantId}/enablements`, {
      digest: await release('1.0.0'),
    });
    expect([status, json]).toEqual([409, { error: code('ARTIFACT_ROLLBACK') }]);
  });
});

describe('a promotion over the admin API', () => {
  it('is made as the token’s holder, of a digest', async () => {
    const digest = await release('1.0.0');
    const promoted: unknown[] = [];
    const { admin } = createTestHttp(database, systemClock, {
      artifacts: {
        add: async () => ({}),
        list: async () => [],
        promote: async (...given) => void promoted.push(given),
      },
    });
    expect((await admin('POST', `/artifacts/${digest}/promote`)).status).toBe(200);
    expect((await admin('POST', '/artifacts/sha256:1/promote')).status).toBe(404);
    expect(promoted).toEqual([[digest, 'admin:ops']]);
  });
});
