import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { createRunReader } from '../../runs/index.ts';
import { createTestDatabase, type TestDatabase } from '../../store/test-database.ts';
import type { Seeded } from '../../tenants/test-tenant.ts';
import { systemClock } from '../../types/clock.ts';
import { type AdminRole, adminRoles, hasRole } from '../../types/roles.ts';
import { listArtifacts } from '../postgres-artifact-list.ts';
import { createTestHttp, type TestHttp } from '../test-http-app.ts';
import { adminDocument } from './description.ts';
import { requests } from './requests.ts';

const operations = Object.entries(adminDocument().paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId, 'x-role': role, 'x-reach': reach }]) => ({
    operationId,
    method: method.toUpperCase(),
    path,
    role: role as AdminRole,
    reach,
  })),
);
type Operation = (typeof operations)[number];
type Ids = Seeded & { readonly runId: string; readonly approvalId: string; readonly tokenId: string };

let database: TestDatabase;
let http: TestHttp;
let own: Ids;
let foreign: Ids;
const tokens = new Map<string, string>();

beforeAll(async () => {
  database = await createTestDatabase();
  const runs = createRunReader(database.db);
  http = createTestHttp(database, systemClock, {
    runs: {
      list: (query) => runs.list(query),
      get: async (id, within) => {
        const run = await runs.get(id, within);
        return run && { ...run, auditUrl: '' };
      },
      unsettled: async () => [],
      settle: async () => undefined,
      cancel: async () => undefined,
      resume: async () => undefined,
    },
    artifacts: {
      add: async () => ({ digest: `sha256:${'0'.repeat(64)}`, id: 'a', version: '1.0.0', publisher: 'a', keyIds: [] }),
      promote: async () => undefined,
      list: () => listArtifacts(database.db),
    },
  });
  own = await furnish('own');
  foreign = await furnish('foreign');
  for (const role of adminRoles) {
    tokens.set(`${role} of the tenant`, await tokenOf(`/tenants/${own.tenantId}/tokens`, `t-${role}`, role));
    tokens.set(`${role} of the deployment`, await tokenOf('/tokens', `d-${role}`, role));
  }
});
afterAll(() => database?.close());

async function tokenOf(path: string, name: string, role: AdminRole): Promise<string> {
  const { json } = await http.admin('POST', path, { name, roles: [role] });
  return (json as { token: string }).token;
}

async function furnish(name: string): Promise<Ids> {
  const seeded = await http.test.seed(name);
  const { tenantId, workspaceId, connectionId } = seeded;
  const [runId, eventId, approvalId] = [randomUUID(), randomUUID(), randomUUID()];
  const place = { tenant_id: tenantId, workspace_id: workspaceId };
  await database.db
    .insertInto('connector.events')
    .values({
      ...place,
      id: eventId,
      connection_id: connectionId,
      trigger: 'sample.changed',
      event_key: eventId,
      data: '{}',
      received_at: new Date(),
    })
    .execute();
  await database.db
    .insertInto('connector.runs')
    .values({ ...place, id: runId, workflow: 'w', event_id: eventId })
    .execute();
  const made = await http.admin('POST', `/tenants/${tenantId}/tokens`, { name: 'doomed', roles: ['viewer'] });
  return { ...seeded, runId, approvalId, tokenId: (made.json as { id: string }).id };
}

function pathOf({ path }: Operation, ids: Ids): string {
  const values: Record<string, string> = {
    ...ids,
    digest: `sha256:${'0'.repeat(64)}`,
    connector: 'sample',
    stepKey: 'a',
  };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? randomUUID());
}

async function ask(operation: Operation, who: string, ids: Ids): Promise<{ status: number; code: string | undefined }> {
  const body = operation.method === 'POST' || operation.method === 'PUT' ? {} : undefined;
  const { status, json } = await http.admin(operation.method, pathOf(operation, ids), body, tokens.get(who));
  return { status, code: (json as { error?: { code: string } } | undefined)?.error?.code };
}

const REFUSED = [undefined, 'ADMIN_FORBIDDEN', 'ADMIN_DEPLOYMENT_ONLY', 'ADMIN_UNAUTHORIZED', 'TENANT_UNKNOWN'];

/** Done, or nothing but the request itself is wrong: an empty body fits few operations. */
const isLetIn = ({ status, code }: { status: number; code: string | undefined }) =>
  status < 300 || (status >= 400 && status < 500 && !REFUSED.includes(code));

describe.each(adminRoles)('%s', (role) => {
  describe.each(operations)('$method $path', (operation) => {
    const may = hasRole([role], operation.role);

    it(`of the deployment: ${may ? 'let in' : '403'}`, async () => {
      const answer = await ask(operation, `${role} of the deployment`, foreign);
      if (may) expect(answer).toSatisfy(isLetIn);
      else expect(answer).toEqual({ status: 403, code: 'ADMIN_FORBIDDEN' });
    });

    it(`of the tenant, at its own: ${may && operation.reach !== 'deployment' ? 'let in' : '403'}`, async () => {
      const answer = await ask(operation, `${role} of the tenant`, own);
      if (operation.reach === 'deployment') expect(answer).toEqual({ status: 403, code: 'ADMIN_DEPLOYMENT_ONLY' });
      else if (may) expect(answer).toSatisfy(isLetIn);
      else expect(answer).toEqual({ status: 403, code: 'ADMIN_FORBIDDEN' });
    });

    it('of the tenant, at another’s: as if it were not there', async () => {
      const who = `${role} of the tenant`;
      const nowhere: Ids = { ...foreign, tenantId: randomUUID(), runId: randomUUID() };
      const [answer, expected] = [await ask(operation, who, foreign), await ask(operation, who, nowhere)];
      expect(answer).toEqual(expected);
      if (operation.reach === 'deployment' || !may) expect(answer.status).toBe(403);
      else if (operation.reach === 'tenant') expect(answer).toEqual({ status: 404, code: 'TENANT_UNKNOWN' });
      else if (operation.path.includes('{runId}')) {
        // What is asked for is read before it is looked for.
        const body = requests[operation.operationId as keyof typeof requests] as z.ZodType | undefined;
        const fits = body?.safeParse({}).success ?? true;
        expect(answer.status).toBe(fits ? 404 : 400);
      }
    });
  });
});

describe('a tenant’s token', () => {
  const asViewer = (path: string) => http.admin('GET', path, undefined, tokens.get('viewer of the tenant'));

  it('sees its own part of what is listed for all', async () => {
    expect((await asViewer('/tenants')).json).toEqual({ tenants: [{ id: own.tenantId, name: 'own' }] });
    const { connections } = (await asViewer('/connections')).json as { connections: { tenantId: string }[] };
    expect(new Set(connections.map(({ tenantId }) => tenantId))).toEqual(new Set([own.tenantId]));
    expect((await asViewer('/stats')).json).toEqual((await asViewer(`/stats?tenantId=${own.tenantId}`)).json);
    for (const tenantId of [foreign.tenantId, randomUUID()]) {
      expect(await asViewer(`/stats?tenantId=${tenantId}`)).toMatchObject({
        status: 404,
        json: { error: { code: 'TENANT_UNKNOWN', message: `there is no tenant ${tenantId}` } },
      });
    }
  });

  it('reads its own run, and of another’s exactly what it reads of none', async () => {
    expect((await asViewer(`/runs/${own.runId}`)).json).toMatchObject({ tenantId: own.tenantId });
    const none = randomUUID();
    const [foreignRun, noRun] = [await asViewer(`/runs/${foreign.runId}`), await asViewer(`/runs/${none}`)];
    expect(JSON.stringify(foreignRun).replaceAll(foreign.runId, '')).toBe(JSON.stringify(noRun).replaceAll(none, ''));
  });

  it('finds its tenant also by an id in upper case', async () => {
    expect((await asViewer(`/tenants/${own.tenantId.toUpperCase()}/connections`)).json).toEqual(
      (await asViewer(`/tenants/${own.tenantId}/connections`)).json,
    );
  });

  it('has its refused calls in its own audit, a flood of them as one entry', async () => {
    await http.refusals.flush();
    const before = await refusals();
    await Promise.all(Array.from({ length: 200 }, () => asViewer('/artifacts')));
    await http.refusals.flush();
    expect((await refusals()).slice(0, -before.length || undefined)).toEqual([
      expect.objectContaining({
        actor: 'token:t-viewer',
        subject: 'operation:listArtifacts',
        details: expect.objectContaining({ code: 'ADMIN_DEPLOYMENT_ONLY', count: 200 }),
      }),
    ]);
  });

  const refusals = async () => {
    const { json } = await asViewer(`/tenants/${own.tenantId}/audit?limit=500`);
    return (json as { entries: { kind: string }[] }).entries.filter(({ kind }) => kind === 'admin.refused');
  };
});
