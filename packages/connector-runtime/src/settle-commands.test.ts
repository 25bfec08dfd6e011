import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AdminPorts } from './http/admin/ports.ts';
import { createTestHttp, type TestHttp } from './http/test-http-app.ts';
import { createTestDatabase, type TestDatabase } from './store/test-database.ts';
import { systemClock } from './types/clock.ts';
import { RuntimeError } from './types/errors.ts';

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
const runId = '01900000-0000-7000-8000-000000000001';
const stepKey = 'sample.note#1';
let database: TestDatabase;
let http: TestHttp;
let server: ServerType;
let tenantId: string;
let settled: unknown[];

beforeAll(async () => {
  database = await createTestDatabase();
  const runs: AdminPorts['runs'] = {
    list: async () => [],
    get: async (id) => ({ id, tenantId }),
    unsettled: async (query) =>
      query.tenantId === tenantId
        ? [
            {
              runId,
              stepKey,
              workspaceId: runId,
              workflow: 'triage',
              runStatus: 'waiting',
              action: 'sample.note',
              connection: { id: runId, name: 'main' },
              idempotencyKey: 'key-of-the-write',
              attempts: 1,
              attemptedAt: '2026-01-01T00:00:00.000Z',
              looks: 4,
              dueAt: null,
              next: 'settle',
              error: null,
            },
          ]
        : [],
    settle: async (...given) => {
      if (settled.length > 0) throw new RuntimeError('RUN_SETTLED_OTHERWISE', 'it was settled otherwise');
      settled.push(given);
    },
    cancel: async () => undefined,
    resume: async () => undefined,
  };
  http = createTestHttp(database, systemClock, { runs });
  server = createAdaptorServer({ fetch: (request) => http.app.fetch(request), overrideGlobalObjects: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ tenantId } = await http.test.seed('acme'));
});
beforeEach(() => {
  settled = [];
});
afterAll(async () => {
  server?.close();
  await database?.close();
});

function run(args: readonly string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { CONNECTOR_RUNTIME_URL: url, CONNECTOR_TENANT: tenantId, ADMIN_TOKEN: http.token };
  return new Promise((resolve) => {
    const argv = ['--conditions=@org/source', cli, 'run', ...args];
    const child = execFile(process.execPath, argv, { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
    child.stdin?.end(input);
  });
}

it('lists what a person has to settle, with what to look for and what to run next', async () => {
  const { code, out } = await run(['unsettled']);
  expect(code).toBe(0);
  for (const told of [runId, 'sample.note on main', 'key-of-the-write', '4 times', 'nobody looks', `'${stepKey}'`]) {
    expect(out).toContain(told);
  }
  expect(JSON.parse((await run(['unsettled', '--json'])).out)).toMatchObject([{ runId, stepKey, next: 'settle' }]);
});

it('says what was found, as the holder of the token, and tells a conflict', async () => {
  const applied = ['settle', runId, stepKey, 'applied', '--reason', 'seen there'];
  expect(await run([...applied, '--output', '-'], '{"n":1}')).toMatchObject({ code: 0 });
  const found = { status: 'applied', output: { n: 1 }, reason: 'seen there' };
  expect(settled).toEqual([[{ tenantId, runId, stepKey }, found, 'admin:ops']]);
  const other = await run(['settle', runId, stepKey, 'not-applied', '--reason', 'not there']);
  expect(other.code).not.toBe(0);
  expect(other.err).toContain('RUN_SETTLED_OTHERWISE');
});

it.each([
  [['not-applied'], '', 'reason'],
  [['perhaps', '--reason', 'x'], '', 'perhaps'],
  [['applied', '--reason', 'x'], '', 'CONFIG_INVALID'],
  [['not-applied', '--reason', 'x', '--output', '-'], '{}', 'CONFIG_INVALID'],
  [['applied', '--reason', 'x', '--output', '-'], '{', 'CONFIG_INVALID'],
])('%j is a usage error, and nothing is said', async (args, input, told) => {
  const { code, err } = await run(['settle', runId, stepKey, ...args], input);
  expect(code).toBe(2);
  expect(err).toContain(told);
  expect(settled).toEqual([]);
});
