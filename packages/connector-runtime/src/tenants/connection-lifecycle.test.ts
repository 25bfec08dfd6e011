import { ActionError } from '@org/connector-sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { systemClock } from '../types/clock.ts';
import { createTestTenants, type TestTenants, tenantManifest } from './test-tenant.ts';

let database: TestDatabase;
let test: TestTenants;
let count = 0;
let outcome: () => Promise<{ account: string }>;

beforeAll(async () => {
  database = await createTestDatabase();
  test = createTestTenants(database.store, systemClock, { test: () => outcome() });
});
afterAll(() => database.close());
beforeEach(() => {
  outcome = async () => ({ account: 'someone' });
});

async function seeded() {
  count += 1;
  const seed = await test.seed(`lifecycle ${count}`);
  return { ...seed, at: { tenantId: seed.tenantId, connectionId: seed.connectionId, by: 'admin:ops' } };
}

const show = ({ tenantId, connectionId }: { tenantId: string; connectionId: string }) =>
  test.tenants.showConnection(tenantId, connectionId);

async function kindsOf(tenantId: string): Promise<string[]> {
  const rows = await database.db
    .selectFrom('connector.audit_entries')
    .select('kind')
    .where('tenant_id', '=', tenantId)
    .orderBy('seq')
    .execute();
  return rows.map(({ kind }) => kind).filter((kind) => kind.startsWith('connection.'));
}

describe('a connection', () => {
  it('is disabled and becomes what it was, each change audited once', async () => {
    const { at, tenantId } = await seeded();
    await test.tenants.disableConnection(at);
    await test.tenants.disableConnection(at);
    expect(await show(at)).toMatchObject({ status: 'disabled', health: { state: 'disabled', nextStep: 'enable it' } });
    await test.tenants.enableConnection(at);
    await test.tenants.enableConnection(at);
    expect(await show(at)).toMatchObject({ status: 'ready' });
    expect(await kindsOf(tenantId)).toEqual(['connection.created', 'connection.disabled', 'connection.enabled']);
  });

  it('that was never authorized is not made ready by disabling and enabling it', async () => {
    const { tenantId, workspaceId } = await seeded();
    const { id } = await test.tenants.createConnection({
      tenantId,
      workspaceId,
      name: 'pending',
      connector: tenantManifest().id,
      config: { site: 'a' },
      auth: 'token',
      secrets: { unauthorized: 'x' },
      by: 'admin:ops',
    });
    const at = { tenantId, connectionId: id, by: 'admin:ops' };
    await test.tenants.disableConnection(at);
    await test.tenants.enableConnection(at);
    expect(await show(at)).toMatchObject({ status: 'reauth_required', statusReason: 'not_authorized' });
  });

  it('that something else disabled is not enabled by hand', async () => {
    const { at } = await seeded();
    await database.db
      .updateTable('connector.connections')
      .set({ status: 'disabled', status_reason: 'secrets_shredded' })
      .where('id', '=', at.connectionId)
      .execute();
    await expect(test.tenants.enableConnection(at)).rejects.toMatchObject({ code: 'CREDENTIAL_MISSING' });
  });

  it('shows how its last test went, and what to do', async () => {
    const { at, tenantId } = await seeded();
    await expect(test.tenants.testConnection(at)).resolves.toEqual({ account: 'someone' });
    expect(await show(at)).toMatchObject({ lastTest: { account: 'someone' } });
    outcome = () => Promise.reject(new ActionError('SAAS_FORBIDDEN', 'the user may not read'));
    await expect(test.tenants.testConnection(at)).rejects.toMatchObject({ code: 'SAAS_FORBIDDEN' });
    expect(await show(at)).toMatchObject({ lastTest: { error: { code: 'SAAS_FORBIDDEN' } } });
    expect(await kindsOf(tenantId)).toEqual(['connection.created', 'connection.tested', 'connection.tested']);
  });

  it('of another account than its config names is not used, once a person agreed to it', async () => {
    const { at } = await seeded();
    outcome = () => Promise.reject(new ActionError('SLACK_TEAM_MISMATCH', 'another workspace'));
    await test.tenants.confirmAccount(at.tenantId, at.connectionId);
    expect(await show(at)).toMatchObject({
      status: 'reauth_required',
      statusReason: 'wrong_account: SLACK_TEAM_MISMATCH',
    });
  });

  it('whose SaaS is down just then is used', async () => {
    const { at } = await seeded();
    outcome = () => Promise.reject(new ActionError('SAAS_DOWN', 'down', { kind: 'retryable' }));
    await test.tenants.confirmAccount(at.tenantId, at.connectionId);
    expect(await show(at)).toMatchObject({ status: 'ready' });
  });
});

describe('deleting a connection', () => {
  it('is refused while an approval rule needs it, unless forced; then its endpoints are closed', async () => {
    const { at, tenantId, workspaceId, endpointId } = await seeded();
    const rule = {
      connectionId: at.connectionId,
      channel: 'chat',
      target: { room: 'r' },
      approvers: ['chat:someone'],
      expiresInSeconds: 60,
    };
    await test.tenants.setApprovalRule({ tenantId, workspaceId, name: 'default', rule, by: 'admin:ops' });
    const refused = { code: 'CONNECTION_IN_USE', details: { approvalRules: 1, runs: 0, approvals: 0 } };
    await expect(test.tenants.deleteConnection({ ...at, force: false })).rejects.toMatchObject(refused);
    expect(await show(at)).toMatchObject({ status: 'ready' });
    await test.tenants.deleteConnection({ ...at, force: true });
    await expect(show(at)).rejects.toMatchObject({ code: 'CONNECTION_UNKNOWN' });
    const endpoints = await test.tenants.listEndpoints(tenantId);
    expect(endpoints.find((endpoint) => endpoint.id === endpointId)).toMatchObject({ disabled: true });
  });

  it('is refused while a run that it started is not over', async () => {
    const { at, tenantId, workspaceId } = await seeded();
    const [eventId, runId] = [crypto.randomUUID(), crypto.randomUUID()];
    const place = { tenant_id: tenantId, workspace_id: workspaceId };
    await database.db
      .insertInto('connector.events')
      .values({
        ...place,
        id: eventId,
        connection_id: at.connectionId,
        trigger: 't',
        event_key: 'k',
        data: '{}',
        delivery_id: null,
        received_at: new Date(),
      })
      .execute();
    await database.db
      .insertInto('connector.runs')
      .values({ ...place, id: runId, workflow: 'w', event_id: eventId, status: 'waiting' })
      .execute();
    await expect(test.tenants.deleteConnection({ ...at, force: false })).rejects.toMatchObject({
      code: 'CONNECTION_IN_USE',
      details: { runs: 1 },
    });
    await database.db.updateTable('connector.runs').set({ status: 'completed' }).where('id', '=', runId).execute();
    await test.tenants.deleteConnection({ ...at, force: false });
  });

  it('frees its name, and nothing finds it by its connector any more', async () => {
    const { at, tenantId, workspaceId } = await seeded();
    await test.tenants.deleteConnection({ ...at, force: false });
    await expect(test.tenants.connectionFor(tenantId, workspaceId, 'sample')).rejects.toMatchObject({
      code: 'CONNECTION_UNKNOWN',
    });
    expect(await test.tenants.listConnections(tenantId)).toEqual([]);
    await expect(test.tenants.deleteConnection({ ...at, force: true })).rejects.toMatchObject({
      code: 'CONNECTION_UNKNOWN',
    });
    const again = { tenantId, workspaceId, name: 'main', connector: 'sample', config: { site: 'a' }, auth: 'token' };
    await test.tenants.createConnection({ ...again, secrets: { key: 'k' }, by: 'admin:ops' });
  });
});

describe('another tenant’s connection', () => {
  it.each(['disableConnection', 'enableConnection', 'testConnection', 'deleteConnection'] as const)(
    'is unknown to %s, and stays as it is',
    async (verb) => {
      const [mine, theirs] = [await seeded(), await seeded()];
      const foreign = { ...theirs.at, tenantId: mine.tenantId, force: true };
      await expect(test.tenants[verb](foreign)).rejects.toMatchObject({ code: 'CONNECTION_UNKNOWN' });
      expect(await show(theirs.at)).toMatchObject({ status: 'ready', lastTest: null });
    },
  );

  it('is in no list', async () => {
    const [mine, theirs] = [await seeded(), await seeded()];
    const listed = await test.tenants.listConnections(mine.tenantId);
    expect(listed.map(({ id }) => id)).toEqual([mine.connectionId]);
    const all = await test.tenants.listAllConnections({ limit: 500, status: 'ready' });
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining([mine.connectionId, theirs.connectionId]));
  });
});
