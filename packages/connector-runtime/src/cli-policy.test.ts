import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHttp, type TestHttp } from './http/test-http-app.ts';
import { sampleAction } from './runs/test-manifest.ts';
import { createTestDatabase, type TestDatabase } from './store/test-database.ts';
import { type Seeded, tenantManifest } from './tenants/test-tenant.ts';
import { systemClock } from './types/clock.ts';

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
let database: TestDatabase;
let http: TestHttp;
let server: ReturnType<typeof serve>;
let url: string;
let folder: string;
let place: Seeded;

beforeAll(async () => {
  database = await createTestDatabase();
  http = createTestHttp(database, systemClock);
  folder = await mkdtemp(join(tmpdir(), 'policy-'));
  await new Promise<void>((resolve) => {
    server = serve({ fetch: http.app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve());
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const actions = { low: sampleAction(), medium: sampleAction({ risk: 'medium' }) };
  place = await http.test.seed('acme', { manifest: tenantManifest({ actions }) });
});
afterAll(async () => {
  server?.close();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { PATH } = process.env;
  const env = { PATH, ADMIN_TOKEN: http.token, CONNECTOR_RUNTIME_URL: url, CONNECTOR_TENANT: place.tenantId };
  return new Promise((resolve) => {
    const argv = ['--conditions=@org/source', cli, 'policy', ...args];
    execFile(process.execPath, argv, { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('connector-runtime policy', () => {
  const open = () => fileOf('open.cedar', 'permit (principal, action in Action::"medium", resource);\n');
  const closed = () => fileOf('closed.cedar', 'forbid (principal, action, resource);');

  it('shows what a text would alter, and fails for what is to be no looser', async () => {
    const simulated = await run('simulate', await open(), '--fail-on', 'loosened');
    expect(simulated).toMatchObject({ code: 1, err: expect.stringContaining('POLICY_ALTERS') });
    expect(simulated.out).toMatch(/sample\.medium +medium .+require-approval.+allow \(.+loosened/);
    expect(simulated.out).not.toContain('sample.low');
    expect(await run('simulate', await closed(), '--fail-on', 'loosened', '--days', '7')).toMatchObject({ code: 0 });
    expect(await run('simulate', await closed(), '--fail-on', 'changed')).toMatchObject({ code: 1 });
  });

  it('sets a text on the version that was seen, lists its versions and goes back', async () => {
    expect(await run('set', await open(), '--expect-version', '0')).toMatchObject({ code: 0 });
    expect(await run('set', await closed(), '--expect-version', '0')).toMatchObject({
      code: 2,
      err: expect.stringContaining('POLICY_CONFLICT'),
    });
    expect((await run('rollback', '1')).out).toContain('version 2, which restores 1');
    expect((await run('show')).out).toBe('permit (principal, action in Action::"medium", resource);\n\n');
    expect((await run('history')).out.split('\n')).toHaveLength(3);
  });

  it('checks a text, and shows what it may name', async () => {
    expect(await run('validate', await fileOf('idle.cedar', 'idle'))).toMatchObject({
      code: 0,
      out: 'valid\n',
      err: expect.stringContaining('can never apply'),
    });
    expect(await run('validate', await fileOf('broken.cedar', 'broken'))).toMatchObject({ code: 1 });
    expect((await run('schema')).out).toContain('action "sample.medium"');
  });

  it('is a usage error where a number or a file is none', async () => {
    expect(await run('simulate', '--days', 'many')).toMatchObject({ code: 2 });
    expect(await run('set', join(folder, 'nothing.cedar'))).toMatchObject({ code: 2 });
  });
});
