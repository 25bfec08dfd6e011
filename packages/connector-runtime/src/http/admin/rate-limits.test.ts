import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../store/test-database.ts';
import { systemClock } from '../../types/clock.ts';
import { createTestHttp, type TestHttp } from '../test-http-app.ts';

let database: TestDatabase;
let http: TestHttp;
const [tenantId, id] = [randomUUID(), randomUUID()];
const at = `/tenants/${tenantId}/connections/${id}`;
const declared = { requestsPerMinute: 60, concurrency: 4 };
const none = { requestsPerMinute: null, concurrency: null };

beforeAll(async () => {
  database = await createTestDatabase();
  http = createTestHttp(database, systemClock);
  const { db } = database;
  await db.insertInto('connector.tenants').values({ id: tenantId, name: 'acme' }).execute();
  await db.insertInto('connector.workspaces').values({ id: tenantId, tenant_id: tenantId, name: 'main' }).execute();
  const row = { id, tenant_id: tenantId, workspace_id: tenantId, name: 'main', connector: 'saas' };
  await db
    .insertInto('connector.connections')
    .values({ ...row, config: '{}', auth: 'key' })
    .execute();
});
afterAll(() => database.close());

it('shows what the manifest declares of a connection that was never used', async () => {
  expect(await http.admin('GET', `${at}/limits`)).toEqual({
    status: 200,
    json: {
      declared,
      set: none,
      effective: declared,
      leased: { nodes: 0, slots: 0 },
      blocked: null,
      thisNode: null,
    },
  });
});

it('shows until when the SaaS wants nothing, and which of its rules says so', async () => {
  const until = new Date(Date.now() + 60_000);
  const blocked = { blocked_until: until, block: JSON.stringify({ status: 429, rule: 'Incident table' }) };
  const row = { connection_id: id, tenant_id: tenantId, ...blocked };
  await database.db.insertInto('connector.rate_budgets').values(row).execute();
  const { json } = await http.admin('GET', `${at}/limits`);
  expect(json).toMatchObject({ blocked: { status: 429, rule: 'Incident table', until: until.toISOString() } });
});

it('takes another limit than the manifest’s, audited, and gives the manifest’s back', async () => {
  const set = { requestsPerMinute: 120, concurrency: null };
  const put = await http.admin('PUT', `${at}/rate-limit`, set);
  expect(put).toMatchObject({ status: 200, json: { set, effective: { requestsPerMinute: 120, concurrency: 4 } } });
  expect(await http.admin('PUT', `${at}/rate-limit`, none)).toMatchObject({ json: { set: none, effective: declared } });
  const entries = await database.db.selectFrom('connector.audit_entries').select('body').execute();
  expect(entries.map(({ body }) => JSON.parse(body))).toMatchObject([
    { kind: 'connection.rate_limit_set', actor: 'admin:ops', details: set },
    { kind: 'connection.rate_limit_set', details: none },
  ]);
});

it.each([
  { requestsPerMinute: 0, concurrency: null },
  { requestsPerMinute: 1.5, concurrency: null },
  { requestsPerMinute: null, concurrency: -1 },
  { requestsPerMinute: 60 },
  { ...none, burst: 5 },
])('refuses %j', async (body) => {
  expect((await http.admin('PUT', `${at}/rate-limit`, body)).status).toBe(400);
});

it('knows no connection of another tenant', async () => {
  const foreign = `/tenants/${randomUUID()}/connections/${id}`;
  expect((await http.admin('GET', `${foreign}/limits`)).status).toBe(404);
  expect((await http.admin('PUT', `${foreign}/rate-limit`, none)).status).toBe(404);
});
