import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuditTrail } from '../../audit/index.ts';
import { createTestDatabase, type TestDatabase } from '../../store/test-database.ts';
import { tenantManifest } from '../../tenants/test-tenant.ts';
import { systemClock } from '../../types/clock.ts';
import { RuntimeError } from '../../types/errors.ts';
import { Secret } from '../../types/secret.ts';
import { createTestHttp, type TestHttp } from '../test-http-app.ts';
import { createAuthentication } from './authenticate.ts';
import type { AdminPorts } from './ports.ts';

let database: TestDatabase;
let http: TestHttp;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await database.reset();
  http = createTestHttp(database, systemClock);
});
afterAll(() => database?.close());

const failure = (code: string) => ({ error: expect.objectContaining({ code }) });
const actors = async () => {
  const rows = await database.db.selectFrom('connector.audit_entries').select('body').execute();
  return new Set(rows.map(({ body }) => (JSON.parse(body) as { actor: string }).actor));
};

describe('authentication', () => {
  it('refuses everything without a valid token, also what is not there', async () => {
    const wrong = `${http.token.slice(0, -1)}${http.token.endsWith('A') ? 'B' : 'A'}`;
    const given = [
      '',
      'Bearer',
      'Bearer ',
      `Bearer ${wrong}`,
      `Basic ${http.token}`,
      `bearer  ${http.token}`,
      `Bearer ${http.token} x`,
    ];
    for (const path of ['/tenants', '/stats', '/nothing', '']) {
      for (const authorization of given) {
        const response = await http.app.request(`/admin/v1${path}`, {
          headers: authorization === '' ? {} : { authorization },
        });
        expect([response.status, await response.json()]).toEqual([401, failure('ADMIN_UNAUTHORIZED')]);
      }
    }
    expect((await http.admin('GET', '/nothing')).status).toBe(404);
    expect((await http.admin('GET', '/tenants')).status).toBe(200);
  });

  it('does not start with a token under 32 characters, or with none', () => {
    const expected = expect.objectContaining({ code: 'CONFIG_INVALID' });
    const stored = { holderOf: async () => undefined };
    expect(() => createAuthentication([], stored)).toThrow(expected);
    expect(() => createAuthentication([{ name: 'a', token: new Secret('x'.repeat(31)) }], stored)).toThrow(expected);
  });
});

describe('requests', () => {
  it.each([
    [{}, 400],
    [{ name: 'a', nmae: 'b' }, 400],
    [{ name: 'a\u0000' }, 400],
    [{ name: '\ud800' }, 400],
    [{ name: 1 }, 400],
    [{ name: ' ' }, 400],
    [[], 400],
    [{ name: 'fine' }, 201],
  ])('that create a tenant from %j answer %i', async (body, status) => {
    expect((await http.admin('POST', '/tenants', body)).status).toBe(status);
  });

  it('with a body need application/json, and JSON', async () => {
    const authorization = `Bearer ${http.token}`;
    for (const [type, body] of [
      ['text/plain', '{"name":"a"}'],
      ['application/x-www-form-urlencoded', 'name=a'],
      ['application/json', '{"name":'],
      ['application/json', Buffer.from([0x7b, 0xff, 0x7d])],
    ] as const) {
      const response = await http.app.request('/admin/v1/tenants', {
        method: 'POST',
        headers: { authorization, 'content-type': type },
        body,
      });
      expect([response.status, await response.json()]).toEqual([400, failure('ADMIN_REQUEST_INVALID')]);
    }
    expect(await http.test.tenants.listTenants()).toEqual([]);
  });

  it('with an id that is none find nothing', async () => {
    expect(await http.admin('GET', '/tenants/1%27%20or%201=1/connections')).toEqual({
      status: 404,
      json: failure('ADMIN_NOT_FOUND'),
    });
    expect(await http.admin('GET', `/runs/${randomUUID()}`)).toEqual({ status: 404, json: failure('RUN_UNKNOWN') });
    expect((await http.admin('GET', `/tenants/${randomUUID()}/runs?limit=0`)).status).toBe(400);
  });

  it('that fail by a defect of ours tell nothing of it', async () => {
    const broken = createTestHttp(database, systemClock, {
      stats: { read: () => Promise.reject(new Error('password=hunter2')) },
    });
    const { status, json } = await broken.admin('GET', '/stats');
    expect([status, json]).toEqual([500, failure('ADMIN_FAILED')]);
    expect(JSON.stringify(json)).not.toContain('hunter2');
  });
});

it('sets a tenant up from nothing, each change audited as the token’s holder', async () => {
  const digest = await http.test.addArtifact(tenantManifest());
  const created = await http.admin('POST', '/tenants', { name: 'acme' });
  const { id, workspaceId } = created.json as { id: string; workspaceId: string };
  const at = (path: string) => `/tenants/${id}${path}`;
  expect((await http.admin('POST', at('/enablements'), { digest })).status).toBe(201);
  const connection = { workspaceId, name: 'main', connector: 'sample', config: { site: 's' }, auth: 'token' };
  const connected = await http.admin('POST', at('/connections'), {
    ...connection,
    secrets: { key: 'very-secret-key' },
  });
  expect(connected).toMatchObject({ status: 201, json: { status: 'ready', name: 'main' } });
  const connectionId = (connected.json as { id: string }).id;
  expect(await http.admin('POST', at(`/connections/${connectionId}/test`))).toMatchObject({
    json: { account: 'someone' },
  });
  expect(
    (await http.admin('PUT', at(`/connections/${connectionId}/credential`), { secrets: { key: 'k2' } })).status,
  ).toBe(200);
  expect(http.test.credentials.get(connectionId)).toEqual({ key: 'k2' });

  const made = await http.admin('POST', at('/endpoints'), {
    connectionId,
    purpose: { kind: 'trigger', name: 'changed' },
  });
  const endpoint = made.json as { endpointId: string; url: string; token: string; secret: string };
  expect(endpoint.url).toBe(`https://connectors.example/hooks/${endpoint.token}`);
  const rule = { connectionId, channel: 'chat', target: { room: 'r' }, approvers: ['admin:ops'], expiresInSeconds: 60 };
  const rulePath = at(`/workspaces/${workspaceId}/approval-rule`);
  expect((await http.admin('PUT', rulePath, rule)).status).toBe(204);
  expect((await http.admin('GET', rulePath)).json).toEqual({ approvalRule: { ...rule, connector: 'sample' } });
  expect((await http.admin('DELETE', rulePath)).status).toBe(204);
  expect((await http.admin('PUT', at('/policy'), { text: 'permit' })).json).toEqual({
    policy: expect.objectContaining({ version: 1, text: 'permit', restores: null }),
    warnings: [],
  });
  expect((await http.admin('POST', at(`/endpoints/${endpoint.endpointId}/disable`))).status).toBe(204);

  const listed = await Promise.all(
    ['/connections', '/endpoints', '/enablements', '/workspaces', '/policy', '/deliveries', '/audit'].map((path) =>
      http.admin('GET', at(path)),
    ),
  );
  expect(listed.map(({ status }) => status)).toEqual(Array(7).fill(200));
  const shown = JSON.stringify(listed);
  for (const secret of [endpoint.token, endpoint.secret, 'very-secret-key']) expect(shown).not.toContain(secret);
  expect(await actors()).toEqual(new Set(['admin:ops']));
  expect((await http.admin('GET', at('/audit/verify'))).json).toMatchObject({ verified: true });
  const ofKind = await http.admin('GET', at('/audit?kind=tenant.created'));
  expect(ofKind.json).toMatchObject({ entries: [{ kind: 'tenant.created' }] });
  expect((await http.admin('GET', at('/audit?kind=no.such.kind'))).json).toEqual({ entries: [] });
  expect((await http.admin('GET', at('/audit?kind=%00'))).status).toBe(400);
});

describe('artifacts', () => {
  it('are added from bytes or from a path, as the token’s holder, and listed without their archive', async () => {
    const added: unknown[] = [];
    const digest = await http.test.addArtifact(tenantManifest());
    const stored = { digest, id: 'sample', version: '1.0.0', publisher: 'acme', keyIds: [] };
    const artifacts: AdminPorts['artifacts'] = {
      list: async () => [],
      promote: async () => undefined,
      async add(...given) {
        const [source, by] = given;
        added.push([typeof source === 'string' ? source : Buffer.from(source), by]);
        return stored;
      },
    };
    const app = createTestHttp(database, systemClock, { artifacts });
    const bytes = Buffer.from([0x1f, 0x8b, 0xff, 0x00]);
    const posted = await app.app.request('/admin/v1/artifacts', {
      method: 'POST',
      headers: { authorization: `Bearer ${app.token}`, 'content-type': 'application/gzip' },
      body: bytes,
    });
    expect([posted.status, await posted.json()]).toEqual([201, stored]);
    expect((await app.admin('POST', '/artifacts', { path: './a.tgz' })).status).toBe(201);
    expect(added).toEqual([
      [bytes, 'admin:ops'],
      ['./a.tgz', 'admin:ops'],
    ]);
    const { json } = await http.admin('GET', '/artifacts');
    expect(json).toEqual({ artifacts: [expect.objectContaining({ digest, id: 'sample', version: '1.0.0' })] });
    expect(JSON.stringify(json)).not.toContain('archive');
  });
});

describe('errors of the stages', () => {
  it('keep their code, with a status that fits', async () => {
    const seeded = await http.test.seed('a');
    const at = `/tenants/${seeded.tenantId}`;
    const purpose = { kind: 'trigger', name: 'changed' };
    const { connectionId } = seeded;
    for (const [path, body, status, code] of [
      ['/tenants', { name: 'a' }, 409, 'NAME_TAKEN'],
      [`/tenants/${randomUUID()}/workspaces`, { name: 'w' }, 404, 'TENANT_UNKNOWN'],
      [`${at}/enablements`, { digest: `sha256:${'0'.repeat(64)}` }, 404, 'ARTIFACT_UNKNOWN'],
      [`${at}/endpoints`, { connectionId, purpose, secret: 'short' }, 422, 'ENDPOINT_SECRET_TOO_SHORT'],
      [`${at}/endpoints`, { connectionId: randomUUID(), purpose }, 404, 'CONNECTION_UNKNOWN'],
    ] as const) {
      expect(await http.admin('POST', path, body)).toEqual({ status, json: failure(code) });
    }
    const other = await http.test.seed('b');
    const foreign = `${at}/endpoints/${other.endpointId}/disable`;
    expect(await http.admin('POST', foreign)).toEqual({ status: 404, json: failure('ENDPOINT_UNKNOWN') });
    const testing = `${at}/connections/${other.connectionId}/test`;
    expect(await http.admin('POST', testing)).toEqual({ status: 404, json: failure('CONNECTION_UNKNOWN') });
  });
});

describe('approvals', () => {
  const decide = async (outcome: Awaited<ReturnType<AdminPorts['approvals']['decide']>>) => {
    const clicks: unknown[] = [];
    const approvals: AdminPorts['approvals'] = {
      list: async () => [],
      async decide(click) {
        clicks.push(click);
        return outcome;
      },
    };
    const app = createTestHttp(database, systemClock, { approvals });
    const [tenantId, approvalId] = [randomUUID(), randomUUID()];
    const answer = await app.admin('POST', `/tenants/${tenantId}/approvals/${approvalId}/decide`, {
      decision: 'approved',
    });
    expect(clicks).toEqual([{ tenantId, approvalId, decision: 'approved', actor: 'admin:ops', via: { admin: true } }]);
    return answer;
  };

  it('are decided as the token’s holder, and what came of it is told', async () => {
    expect(await decide({ status: 'decided', runId: randomUUID() })).toEqual({
      status: 200,
      json: { status: 'decided' },
    });
    const counted = { status: 'counted', approved: 1, needed: 2 } as const;
    expect(await decide(counted)).toEqual({ status: 200, json: counted });
    for (const late of [
      { status: 'already-decided', code: 'APPROVAL_ALREADY_DECIDED', was: 'denied' },
      { status: 'already-counted', code: 'APPROVAL_ALREADY_COUNTED' },
      { status: 'refused', code: 'APPROVAL_EXPIRED' },
    ] as const) {
      expect(await decide(late)).toMatchObject({ status: 409, json: { error: { code: late.code } } });
    }
    expect(await decide({ status: 'refused', code: 'APPROVAL_GROUP_UNREADABLE' })).toMatchObject({ status: 403 });
    expect(await decide({ status: 'refused', code: 'APPROVAL_UNKNOWN' })).toMatchObject({ status: 404 });
    expect(await decide({ status: 'refused', code: 'APPROVAL_ACTOR_NOT_ALLOWED' })).toMatchObject({ status: 403 });
  });

  it('are never decided by a GET (pitfall 21)', async () => {
    const path = `/tenants/${randomUUID()}/approvals/${randomUUID()}/decide`;
    expect((await http.admin('GET', path)).status).toBe(404);
  });
});

describe('runs', () => {
  it('show their part of the audit, and nobody else’s', async () => {
    const { tenantId } = await http.test.seed('a');
    const runId = randomUUID();
    const app = createTestHttp(database, systemClock, {
      runs: {
        list: async () => [],
        get: async (id) => (id === runId ? { id, tenantId } : undefined),
        unsettled: async () => [],
        settle: async () => undefined,
        cancel: async () => undefined,
        resume: async () => undefined,
      },
    });
    const audit = createAuditTrail({ db: database.db, clock: systemClock });
    await audit.record({ tenantId, runId, kind: 'run.started', actor: 'system', subject: runId, details: { n: 1 } });
    const { json } = await app.admin('GET', `/runs/${runId}/audit`);
    expect(json).toMatchObject({ runId, entries: [{ kind: 'run.started', runId, details: { n: 1 } }] });
    expect((json as { entries: unknown[] }).entries).toHaveLength(1);
  });

  it('have unknown outcomes settled by the token’s holder, and by no field of the request', async () => {
    const settled: unknown[] = [];
    const runId = randomUUID();
    const runs: AdminPorts['runs'] = {
      list: async () => [],
      get: async (id) => ({ id, tenantId: 'the-run-s-own' }),
      unsettled: async () => [],
      settle: async (...given) => {
        settled.push(given);
        if (settled.length > 1) throw new RuntimeError('RUN_NOT_UNSETTLED', 'it is settled');
      },
      cancel: async () => undefined,
      resume: async () => undefined,
    };
    const app = createTestHttp(database, systemClock, { runs });
    const path = `/runs/${runId}/steps/${encodeURIComponent('servicenow.update#1')}/settle`;
    expect((await app.admin('POST', path, { status: 'not-applied', by: 'me' })).status).toBe(400);
    expect((await app.admin('POST', path, { status: 'not-applied' })).status).toBe(204);
    const step = { tenantId: 'the-run-s-own', runId, stepKey: 'servicenow.update#1' };
    expect(settled).toEqual([[step, { status: 'not-applied' }, 'admin:ops']]);
    expect((await app.admin('POST', path, { status: 'not-applied' })).status).toBe(409);
  });

  it('are cancelled and resumed by the token’s holder', async () => {
    const told: unknown[] = [];
    const runId = randomUUID();
    const runs: AdminPorts['runs'] = {
      list: async () => [],
      get: async (id) => ({ id, tenantId: 'the-run-s-own' }),
      unsettled: async () => [],
      settle: async () => undefined,
      cancel: async (...given) => {
        told.push(given);
        if (told.length > 1) throw new RuntimeError('RUN_FINISHED', 'it is over');
      },
      resume: async () => {
        throw new RuntimeError('RUN_NOT_DIVERGED', 'it is over');
      },
    };
    const app = createTestHttp(database, systemClock, { runs });
    expect((await app.admin('POST', `/runs/${runId}/cancel`, { reason: 'wrong ticket', by: 'me' })).status).toBe(400);
    expect((await app.admin('POST', `/runs/${runId}/cancel`, { reason: 'wrong ticket' })).status).toBe(204);
    expect(told).toEqual([[{ tenantId: 'the-run-s-own', runId }, 'admin:ops', 'wrong ticket']]);
    expect((await app.admin('POST', `/runs/${runId}/cancel`, {})).status).toBe(409);
    expect((await app.admin('POST', `/runs/${runId}/resume`, {})).status).toBe(409);
  });
});

it('counts deliveries and refusals so that a restart loses none of them', async () => {
  const seeded = await http.test.seed('a');
  const post = (id: string, secret: string) =>
    http.app.request(`/hooks/${seeded.token}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-delivery': id,
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(id).digest('hex')}`,
      },
      body: id,
    });
  for (const id of ['1', '2', '2', '2']) await post(id, seeded.secret);
  for (const id of ['3', '4', '5']) await post(id, 'a secret that is not this endpoint’s');
  const figures = { accepted: 2, duplicates: 2, rejected: 3 };
  expect((await http.admin('GET', '/stats')).json).toMatchObject({ deliveries: { ...figures, rejectedAudited: 0 } });
  await http.refusals.flush();
  const restarted = createTestHttp(database, systemClock);
  expect((await restarted.admin('GET', '/stats')).json).toEqual({
    deliveries: { ...figures, rejectedAudited: 3 },
    runs: {},
    connections: { ready: expect.any(Number) },
  });
  const own = await restarted.admin('GET', `/stats?tenantId=${seeded.tenantId}`);
  expect(own.json).toMatchObject({ deliveries: { accepted: 2, rejected: 3 } });
});
