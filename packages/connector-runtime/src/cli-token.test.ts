import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHttp, type TestHttp } from './http/test-http-app.ts';
import { createTestDatabase, type TestDatabase } from './store/test-database.ts';
import { systemClock } from './types/clock.ts';

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
let database: TestDatabase;
let http: TestHttp;
let server: ReturnType<typeof serve>;
let url: string;

beforeAll(async () => {
  database = await createTestDatabase();
  http = createTestHttp(database, systemClock);
  await new Promise<void>((resolve) => {
    server = serve({ fetch: http.app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve());
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server?.close();
  await database?.close();
});

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env.PATH, ADMIN_TOKEN: http.token, CONNECTOR_RUNTIME_URL: url };
  return new Promise((resolve) => {
    const argv = ['--conditions=@org/source', cli, 'token', ...args];
    execFile(process.execPath, argv, { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('connector-runtime token', () => {
  it('makes a token that works, prints it alone, lists it without it, and ends it', async () => {
    const { tenantId } = await http.test.seed('acme');
    const made = await run('create', 'ci', '--role', 'viewer', '--tenant', tenantId, '--expires-in-days', '1');
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^ctk_[\w-]{43}\n$/) });
    const token = made.out.trim();
    expect((await http.admin('GET', `/tenants/${tenantId}/endpoints`, undefined, token)).status).toBe(200);
    const listed = await run('list', '--tenant', tenantId, '--json');
    const [{ id } = { id: '' }, ...others] = JSON.parse(listed.out) as { id: string }[];
    expect(others).toEqual([]);
    expect(listed.out).not.toContain(token);
    expect(await run('revoke', id, '--tenant', tenantId)).toMatchObject({ code: 0 });
    expect((await run('list', '--tenant', tenantId)).out).toContain('revoked');
    expect((await run('list')).out).toBe('');
  });

  it.each([
    [['create', 'ci'], 'role'],
    [['create', 'ci', '--role', 'owner'], 'owner'],
    [['create', 'ci', '--role', 'viewer', '--expires-in-days', '0'], '--expires-in-days'],
    [['create', 'Two Words', '--role', 'viewer'], 'ADMIN_REQUEST_INVALID'],
  ])('%j is a usage error: exit 2, without a token', async (args, told) => {
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(told);
  });
});
