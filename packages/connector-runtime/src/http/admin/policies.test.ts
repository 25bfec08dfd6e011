import { afterAll, beforeAll, expect, it } from 'vitest';
import { sampleAction } from '../../runs/test-manifest.ts';
import { createTestDatabase, type TestDatabase } from '../../store/test-database.ts';
import { type Seeded, tenantManifest } from '../../tenants/test-tenant.ts';
import { systemClock } from '../../types/clock.ts';
import { createTestHttp, type TestHttp } from '../test-http-app.ts';

const actions = { low: sampleAction(), medium: sampleAction({ risk: 'medium' }) };
let database: TestDatabase;
let http: TestHttp;
let place: Seeded;

beforeAll(async () => {
  database = await createTestDatabase();
  http = createTestHttp(database, systemClock);
  place = await http.test.seed('acme', { manifest: tenantManifest({ actions }) });
});
afterAll(() => database?.close());

const policy = (method: string, path = '', body?: unknown) =>
  http.admin(method, `/tenants/${place.tenantId}/policy${path}`, body);

it('keeps the versions of a workspace’s text apart from the tenant’s, and goes back', async () => {
  const { workspaceId } = place;
  const [one, two] = ['forbid (principal, action, resource);', ''];
  expect((await policy('PUT', '', { workspaceId, text: one, expectedVersion: 0 })).status).toBe(200);
  expect(await policy('PUT', '', { workspaceId, text: two, expectedVersion: 0 })).toMatchObject({
    status: 409,
    json: { error: { code: 'POLICY_CONFLICT', details: { version: 1 } } },
  });
  await policy('PUT', '', { workspaceId, text: two, expectedVersion: 1 });
  const back = await policy('POST', '/rollback', { workspaceId, version: 1, expectedVersion: 2 });
  expect(back.json).toMatchObject({ policy: { version: 3, text: one, restores: 1, setBy: 'admin:ops' } });
  const listed = await policy('GET', `/versions?workspaceId=${workspaceId}&limit=2`);
  expect(listed.json).toMatchObject({ versions: [{ version: 3 }, { version: 2 }] });
  expect((await policy('GET', `?workspaceId=${workspaceId}&version=2`)).json).toMatchObject({ policy: { text: two } });
  expect((await policy('GET', '?version=7')).status).toBe(404);
  expect((await policy('GET')).json).toEqual({ policy: null });
});

it('answers what a text would alter, as it is described', async () => {
  const text = 'permit (principal, action in Action::"medium", resource);';
  const { json } = await policy('POST', '/simulate', { text, days: 7, workflow: 'triage', connector: 'sample' });
  expect(json).toMatchObject({
    changes: { loosened: 0, tightened: 0, rerouted: 0 },
    // What the workspace forbids stays forbidden.
    actions: [
      { action: 'sample.low', connection: 'main', now: { effect: 'deny' }, change: 'none' },
      { action: 'sample.medium', connection: 'main', now: { effect: 'deny' }, change: 'none' },
    ],
    history: { invocations: 0, groups: [], next: null },
  });
  const { workspaceId } = place;
  expect((await policy('POST', '/simulate', { workspaceId, text: '' })).json).toMatchObject({
    changes: { loosened: 2 },
  });
  expect((await policy('POST', '/simulate', { text: 'permit (' })).status).toBe(422);
});

it('tells who enables a connector of texts that do not fit it', async () => {
  await policy('PUT', '', { text: 'idle' });
  const digest = await http.test.addArtifact(tenantManifest({ actions, version: '1.0.1' }));
  const { json } = await http.admin('POST', `/tenants/${place.tenantId}/enablements`, { digest });
  expect(json).toMatchObject({ version: '1.0.1', warnings: [{ policyId: 'idle' }] });
});

it('shows what may be named', async () => {
  const { json } = await policy('GET', '/schema');
  expect((json as { cedar: string }).cedar).toContain('action "sample.medium"');
});
