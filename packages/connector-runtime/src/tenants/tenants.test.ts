import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyStoredAudit } from '../audit/index.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { systemClock } from '../types/clock.ts';
import { Secret } from '../types/secret.ts';
import { createTestTenants, type Seeded, type TestTenants, tenantManifest } from './test-tenant.ts';

let database: TestDatabase;
let test: TestTenants;
let a: Seeded;
let b: Seeded;
const by = 'admin:test';

beforeAll(async () => {
  database = await createTestDatabase();
  test = createTestTenants(database.store, systemClock);
  a = await test.seed('a');
  b = await test.seed('b');
});
afterAll(() => database?.close());

const code = (value: string) => expect.objectContaining({ code: value });
const connectionOf = (seeded: Seeded, name: string) => ({
  tenantId: seeded.tenantId,
  workspaceId: seeded.workspaceId,
  name,
  connector: 'sample',
  config: { site: 'x' },
  auth: 'token',
  secrets: { key: 'k' },
  by,
});
const auditKinds = async (tenantId: string) => {
  const query = database.db.selectFrom('connector.audit_entries').select('kind').where('tenant_id', '=', tenantId);
  return (await query.orderBy('seq').execute()).map(({ kind }) => kind);
};

describe('tenants', () => {
  it('start with a default workspace, and audit what is made, in order', async () => {
    expect((await test.tenants.listWorkspaces(a.tenantId)).map(({ name }) => name)).toEqual(['default']);
    const kinds = ['tenant.created', 'connector.enabled', 'connection.created', 'endpoint.created'];
    expect((await auditKinds(b.tenantId)).slice(0, 4)).toEqual(kinds);
    await expect(verifyStoredAudit(database.db, b.tenantId)).resolves.toMatchObject({ verified: true });
  });

  it('refuse a name that is taken, and leave nothing half-made', async () => {
    await expect(test.tenants.createTenant({ name: 'a', by })).rejects.toEqual(code('NAME_TAKEN'));
    expect((await test.tenants.listTenants()).filter(({ name }) => name === 'a')).toHaveLength(1);
    const workspace = { tenantId: a.tenantId, name: 'default', by };
    await expect(test.tenants.createWorkspace(workspace)).rejects.toEqual(code('NAME_TAKEN'));
  });

  it('refuse a workspace of a tenant that is not there', async () => {
    const workspace = { tenantId: crypto.randomUUID(), name: 'x', by };
    await expect(test.tenants.createWorkspace(workspace)).rejects.toEqual(code('TENANT_UNKNOWN'));
  });
});

describe('enablements', () => {
  it('replace a connector’s artifact by another of its versions', async () => {
    const digest = await test.addArtifact(tenantManifest({ version: '1.1.0' }));
    const { tenantId } = await test.seed('upgrading');
    await test.tenants.enable(tenantId, digest, by);
    expect((await test.tenants.enabled(tenantId, 'sample')).digest).toBe(digest);
    expect((await test.tenants.listEnablements(tenantId)).map(({ version }) => version)).toEqual(['1.1.0']);
  });

  it('refuse an artifact that is not there, and a connector that nobody enabled', async () => {
    await expect(test.tenants.enable(a.tenantId, 'sha256:00', by)).rejects.toEqual(code('ARTIFACT_UNKNOWN'));
    await expect(test.tenants.enabled(a.tenantId, 'other')).rejects.toEqual(code('CONNECTOR_NOT_ENABLED'));
  });
});

describe('connections', () => {
  it('refuse a config and an auth that the manifest does not have', async () => {
    const wrong = { ...connectionOf(a, 'wrong'), config: { site: 1 } };
    await expect(test.tenants.createConnection(wrong)).rejects.toEqual(code('CONNECTION_CONFIG_INVALID'));
    const auth = { ...connectionOf(a, 'wrong'), auth: 'constructor' };
    await expect(test.tenants.createConnection(auth)).rejects.toEqual(code('CONNECTION_CONFIG_INVALID'));
  });

  it('never put a secret into the table or the audit', async () => {
    const secrets = { key: 'a-secret-that-must-not-be-found' };
    await test.tenants.createConnection({ ...connectionOf(a, 'kept'), secrets });
    const { rows } = await sql<{ text: string }>`
      select c::text as text from connector.connections c union all select e::text from connector.audit_entries e`.execute(
      database.db,
    );
    expect(rows.length).toBeGreaterThan(4);
    expect(rows.filter(({ text }) => text.includes(secrets.key))).toEqual([]);
  });

  it('whose credential could not be stored can’t be used, and are finished by a second call', async () => {
    let isBroken = true;
    const flaky = createTestTenants(database.store, systemClock, {
      storeCredential: async () => {
        if (isBroken) throw new Error('no room');
      },
    });
    const request = connectionOf(b, 'flaky');
    await expect(flaky.tenants.createConnection(request)).rejects.toThrow('no room');
    const [left] = (await test.tenants.listConnections(b.tenantId)).filter(({ name }) => name === 'flaky');
    expect(left?.status).toBe('disabled');
    await expect(test.tenants.connectionFor(b.tenantId, b.workspaceId, 'sample')).resolves.toMatchObject({
      name: 'main',
    });
    isBroken = false;
    const made = await flaky.tenants.createConnection({ ...request, config: { site: 'y' } });
    expect(made).toMatchObject({ id: left?.id, status: 'ready', config: { site: 'y' } });
    await expect(flaky.tenants.createConnection(request)).rejects.toEqual(code('NAME_TAKEN'));
  });

  it('are ambiguous without a name when there are several', async () => {
    const { tenantId, workspaceId, ...rest } = await test.seed('two');
    await test.tenants.createConnection(connectionOf({ tenantId, workspaceId, ...rest }, 'second'));
    const find = (name?: string) => test.tenants.connectionFor(tenantId, workspaceId, 'sample', name);
    await expect(find()).rejects.toEqual(code('CONNECTION_AMBIGUOUS'));
    await expect(find('second')).resolves.toMatchObject({ name: 'second' });
    await expect(find('third')).rejects.toEqual(code('CONNECTION_UNKNOWN'));
  });
});

describe('endpoints', () => {
  it('have a token of 256 bits of which only the hash is stored, and a secret that is sealed', async () => {
    expect(a.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(a.secret, 'base64url')).toHaveLength(32);
    const { rows } = await sql<{ text: string }>`
      select a::text as text from connector.endpoint_addresses a union all select s::text from connector.endpoint_secrets s
      union all select x.body from connector.audit_entries x`.execute(database.db);
    expect(rows.filter(({ text }) => text.includes(a.token) || text.includes(a.secret))).toEqual([]);
  });

  it('refuse a secret under 16 bytes (pitfall 2)', async () => {
    const purpose = { kind: 'trigger', name: 'changed' } as const;
    const request = { tenantId: a.tenantId, connectionId: a.connectionId, purpose, by };
    const short = { ...request, secret: new Secret('fifteen-bytes-x') };
    await expect(test.tenants.createEndpoint(short)).rejects.toEqual(code('ENDPOINT_SECRET_TOO_SHORT'));
    const { secret } = await test.tenants.createEndpoint({ ...request, secret: new Secret('sixteen-bytes-xy') });
    expect(secret.reveal()).toBe('sixteen-bytes-xy');
  });

  it.each([
    [{ kind: 'trigger', name: 'nothing' }, 'TRIGGER_UNKNOWN'],
    [{ kind: 'trigger', name: 'polled' }, 'TRIGGER_UNKNOWN'],
    [{ kind: 'approval', name: 'changed' }, 'CHANNEL_UNKNOWN'],
  ] as const)('refuse the purpose %j: %s', async (purpose, expected) => {
    const request = { tenantId: a.tenantId, connectionId: a.connectionId, purpose, by };
    await expect(test.tenants.createEndpoint(request)).rejects.toEqual(code(expected));
  });

  it('are disabled once, and audited once', async () => {
    const { tenantId, endpointId } = await test.seed('disabling');
    await test.tenants.disableEndpoint({ tenantId, endpointId, by });
    await test.tenants.disableEndpoint({ tenantId, endpointId, by });
    expect((await test.tenants.listEndpoints(tenantId)).map(({ disabled }) => disabled)).toEqual([true]);
    expect((await auditKinds(tenantId)).filter((kind) => kind === 'endpoint.disabled')).toHaveLength(1);
  });
});

describe('approval rules', () => {
  const rule = (over: object = {}) => ({
    connectionId: a.connectionId,
    channel: 'chat',
    target: { room: 'r' },
    approvers: ['sample:U1'],
    expiresInSeconds: 3600,
    ...over,
  });

  it('are kept with the connector that asks, and can be taken away', async () => {
    const request = { tenantId: a.tenantId, workspaceId: a.workspaceId, by };
    const finance = rule({ approvers: ['sample:U1', 'sample:U2'], quorum: 2 });
    await test.tenants.setApprovalRule({ ...request, name: 'default', rule: rule() });
    await test.tenants.setApprovalRule({ ...request, name: 'finance', rule: finance });
    expect(await test.tenants.approvalRules(a.tenantId, a.workspaceId)).toEqual([
      { ...rule(), connector: 'sample', name: 'default' },
      { ...finance, connector: 'sample', name: 'finance' },
    ]);
    expect((await test.tenants.workspace(a.tenantId, a.workspaceId)).approvalRule).toMatchObject(rule());
    await test.tenants.setApprovalRule({ ...request, name: 'default', rule: null });
    expect(await test.tenants.ruleOfWorkspace(a.workspaceId, 'default')).toBeUndefined();
    expect(await test.tenants.ruleOfWorkspace(a.workspaceId, 'finance')).toMatchObject({ quorum: 2 });
  });

  it.each<[string, object, string?]>([
    ['more people than there are', { quorum: 2 }],
    ['two names of one person as two people', { approvers: ['a', 'b'], samePerson: [['a', 'b']], quorum: 2 }],
    [
      'a name that is two people’s',
      {
        samePerson: [
          ['a', 'b'],
          ['b', 'c'],
        ],
      },
    ],
    ['a group that the channel can’t read', { groups: ['g'] }],
    ['an escalation to itself', { escalation: { afterSeconds: 60, rule: 'odd' } }],
    ['an escalation to nobody', { escalation: { afterSeconds: 60, rule: 'nobody' } }],
    ['an escalation after its expiry', { escalation: { afterSeconds: 3600, rule: 'default' } }],
    ['a reminder after its expiry', { reminders: { afterSeconds: 3600, times: 1 } }],
    ['a name that no path can hold', {}, 'a/b'],
  ])('refuse %s', async (_what, over, name = 'odd') => {
    const request = { tenantId: a.tenantId, workspaceId: a.workspaceId, by, name, rule: rule(over) };
    await expect(test.tenants.setApprovalRule(request)).rejects.toEqual(code('APPROVAL_RULE_INVALID'));
  });

  it('refuse a channel, a target and a connection that do not fit', async () => {
    const set = (over: object) =>
      test.tenants.setApprovalRule({
        tenantId: a.tenantId,
        workspaceId: a.workspaceId,
        name: 'default',
        rule: rule(over),
        by,
      });
    await expect(set({ channel: 'none' })).rejects.toEqual(code('CHANNEL_UNKNOWN'));
    await expect(set({ target: {} })).rejects.toEqual(code('CONNECTION_CONFIG_INVALID'));
    await expect(set({ connectionId: b.connectionId })).rejects.toEqual(code('CONNECTION_UNKNOWN'));
  });
});

describe('policies', () => {
  const place = async (name: string) => {
    const { tenantId, workspaceId } = await test.seed(name);
    return { tenantId, workspaceId, set: (text: string) => test.tenants.setPolicy({ tenantId, text, by }) };
  };

  it('get a new version each time, also when set at once', async () => {
    const { tenantId, set } = await place('policies');
    expect(await test.tenants.policy({ tenantId })).toBeUndefined();
    const versions = await Promise.all(['one', 'two', 'three'].map(set));
    expect(versions.map(({ version }) => version).sort()).toEqual([1, 2, 3]);
    expect((await test.tenants.policy({ tenantId }))?.version).toBe(3);
    await expect(set('broken')).rejects.toEqual(code('POLICY_INVALID'));
    expect((await test.tenants.policy({ tenantId }))?.version).toBe(3);
  });

  it('are written on the version that the writer has seen, or not at all', async () => {
    const { tenantId } = await place('seen');
    const set = (text: string, expectedVersion: number) =>
      test.tenants.setPolicy({ tenantId, text, expectedVersion, by });
    await set('one', 0);
    const both = await Promise.allSettled([set('two', 1), set('three', 1)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(set('four', 1)).rejects.toEqual(code('POLICY_CONFLICT'));
    expect((await test.tenants.policyHistory({ tenantId }, { limit: 9 })).map(({ version }) => version)).toEqual([
      2, 1,
    ]);
  });

  it('go back to an older text as a new version, checked again', async () => {
    const { tenantId, set } = await place('back');
    await set('one');
    await set('two');
    const back = await test.tenants.rollbackPolicy({ tenantId, version: 1, by });
    expect(back).toMatchObject({ version: 3, text: 'one', restores: 1, setBy: by });
    expect((await test.tenants.policy({ tenantId }, 2))?.text).toBe('two');
    expect(await test.tenants.policyHistory({ tenantId }, { limit: 1, before: 3 })).toMatchObject([{ version: 2 }]);
    await expect(test.tenants.rollbackPolicy({ tenantId, version: 9, by })).rejects.toEqual(
      code('POLICY_VERSION_UNKNOWN'),
    );
    expect((await auditKinds(tenantId)).slice(-3)).toEqual(['policy.set', 'policy.set', 'policy.rolled_back']);
  });

  it('are a workspace’s beside the tenant’s, each with versions of its own', async () => {
    const { tenantId, workspaceId, set } = await place('beside');
    await set('one');
    const written = await test.tenants.setPolicy({ tenantId, workspaceId, text: 'idle', by });
    expect(written).toMatchObject({ version: 1, warnings: [{ policyId: 'idle' }] });
    const texts = { tenant: 'one', tenantVersion: 1, workspace: 'idle', workspaceVersion: 1 };
    expect(await test.tenants.policyTexts(tenantId, workspaceId)).toEqual(texts);
    const other = await test.tenants.createWorkspace({ tenantId, name: 'other', by });
    const alone = { tenant: 'one', tenantVersion: 1, workspace: undefined, workspaceVersion: 0 };
    expect(await test.tenants.policyTexts(tenantId, other.id)).toEqual(alone);
  });

  it('are refused for a workspace of another tenant, and read from none', async () => {
    const { tenantId } = await place('stranger');
    const theirs = { tenantId, workspaceId: b.workspaceId };
    await expect(test.tenants.setPolicy({ ...theirs, text: 'x', by })).rejects.toEqual(code('WORKSPACE_UNKNOWN'));
    await test.tenants.setPolicy({ tenantId: b.tenantId, workspaceId: b.workspaceId, text: 'x', by });
    expect(await test.tenants.policy(theirs)).toBeUndefined();
    expect((await test.tenants.policyTexts(tenantId, b.workspaceId)).workspace).toBeUndefined();
  });

  it('that no longer fit what is enabled are told of', async () => {
    const { tenantId, workspaceId, set } = await place('unfit');
    await set('idle');
    expect(await test.tenants.policyWarnings(tenantId)).toMatchObject([{ policyId: 'idle' }]);
    await database.asOwner(`insert into connector.policies (tenant_id, workspace_id, version, text, created_by)
      values ('${tenantId}', '${workspaceId}', 1, 'broken', 'test')`);
    const messages = (await test.tenants.policyWarnings(tenantId)).map(({ message }) => message);
    expect(messages).toContainEqual(expect.stringContaining(`workspace ${workspaceId} no longer fits`));
  });
});

describe('another tenant’s things', () => {
  it('are unknown to every function that is given their id', async () => {
    const { tenants } = test;
    const purpose = { kind: 'trigger', name: 'changed' } as const;
    const { tenantId } = a;
    const rule = {
      connectionId: b.connectionId,
      channel: 'chat',
      target: { room: 'r' },
      approvers: [],
      expiresInSeconds: 60,
    };
    const setting = { tenantId, workspaceId: b.workspaceId, name: 'default', by };
    const attempts: readonly [string, () => Promise<unknown>][] = [
      ['CONNECTION_UNKNOWN', () => tenants.connection(tenantId, b.connectionId)],
      ['CONNECTION_UNKNOWN', () => tenants.connectionFor(tenantId, b.workspaceId, 'sample')],
      ['CONNECTION_UNKNOWN', () => tenants.createEndpoint({ tenantId, connectionId: b.connectionId, purpose, by })],
      ['ENDPOINT_UNKNOWN', () => tenants.disableEndpoint({ tenantId, endpointId: b.endpointId, by })],
      ['WORKSPACE_UNKNOWN', () => tenants.workspace(tenantId, b.workspaceId)],
      ['WORKSPACE_UNKNOWN', () => tenants.setApprovalRule({ ...setting, rule: null })],
      ['CONNECTION_UNKNOWN', () => tenants.setApprovalRule({ ...setting, rule })],
      ['WORKSPACE_UNKNOWN', () => tenants.createConnection({ ...connectionOf(a, 'x'), workspaceId: b.workspaceId })],
    ];
    for (const [expected, attempt] of attempts) await expect(attempt()).rejects.toEqual(code(expected));
    await expect(tenants.approvalRules(tenantId, b.workspaceId)).rejects.toEqual(code('WORKSPACE_UNKNOWN'));
    expect(await tenants.approvalRules(b.tenantId, b.workspaceId)).toEqual([]);
    expect((await tenants.listEndpoints(b.tenantId)).find(({ id }) => id === b.endpointId)?.disabled).toBe(false);
  });

  it('are invisible and unwritable inside withTenant, whatever the query asks for', async () => {
    const tables = await sql<{ name: string; column: string }>`
      select table_name as name, column_name as column from information_schema.columns
      where table_schema = 'connector' and (column_name = 'tenant_id' or (table_name = 'tenants' and column_name = 'id'))`.execute(
      database.db,
    );
    const names = tables.rows.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['tenants', 'endpoints', 'deliveries', 'runs', 'audit_entries']));
    await database.store.withTenant(a.tenantId, async (trx) => {
      for (const { name, column } of tables.rows) {
        const { rows } = await sql<{ tenant: string }>`
          select distinct ${sql.ref(column)}::text as tenant from ${sql.table(`connector.${name}`)}`.execute(trx);
        expect(rows.filter(({ tenant }) => tenant !== a.tenantId)).toEqual([]);
      }
      const own = await trx.selectFrom('connector.connections').select('id').execute();
      expect(own.length).toBeGreaterThan(0);
      const updated = await trx
        .updateTable('connector.endpoints')
        .set({ disabled: true })
        .where('id', '=', b.endpointId)
        .execute();
      expect(updated[0]?.numUpdatedRows).toBe(0n);
    });
    const foreign = database.store.withTenant(a.tenantId, (trx) =>
      trx
        .insertInto('connector.workspaces')
        .values({ id: crypto.randomUUID(), tenant_id: b.tenantId, name: 'x' })
        .execute(),
    );
    // 42501: insufficient_privilege, the row-level security's own refusal
    await expect(foreign).rejects.toEqual(code('42501'));
  });
});
