import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serveVault } from '../e2e/vault-server.ts';
import { createTestDatabase, type TestDatabase } from './store/test-database.ts';
import { Secret } from './types/secret.ts';
import { createLocalWrapper, createVault } from './vault/index.ts';

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
const [first, second] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];

let database: TestDatabase;
let folder: string;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.reset();
  folder = await mkdtemp(join(tmpdir(), 'cli-keys-'));
  tenantId = await newTenant('acme');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function newTenant(name: string): Promise<string> {
  const id = randomUUID();
  await database.db.insertInto('connector.tenants').values({ id, name }).execute();
  await vaultWith(first).seal({ tenantId: id, ownerId: id, field: 'x', generation: 1 }, 'x');
  return id;
}

const vaultWith = (key: string) => createVault({ db: database.db, wrappers: [createLocalWrapper(new Secret(key))] });

function run(args: readonly string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number; out: string; err: string; json: unknown[] }>((resolve) => {
    execFile(process.execPath, ['--conditions=@org/source', cli, ...args], { env }, (error, out, err) => {
      const lines = out.split('\n').filter((line) => line.startsWith('{'));
      resolve({ code: error === null ? 0 : Number(error.code), out, err, json: lines.map((line) => JSON.parse(line)) });
    });
  });
}

async function configWith(change: object): Promise<string> {
  const file = join(folder, 'runtime.config.mjs');
  const config = {
    port: 0,
    publicUrl: 'http://127.0.0.1:8080',
    database: { url: database.store.url.reveal() },
    masterKey: first,
    admin: { token: randomBytes(32).toString('base64url') },
    trust: './trust.json',
    workflows: [],
    ...change,
  };
  await writeFile(file, `export default ${JSON.stringify(config)}`);
  return file;
}

describe('connector-runtime keys', () => {
  it('moves every key to another master key: status, rotate, status, and the old one can go', async () => {
    const other = await newTenant('other');
    await writeFile(join(folder, 'master.key'), `${second}\n`, { mode: 0o600 });
    const config = await configWith({ masterKey: { file: './master.key' }, previousMasterKeys: [{ env: 'OLD_KEY' }] });
    const env = { OLD_KEY: first };
    const before = await run(['keys', 'status', '--config', config, '--check', '--json'], env);
    expect(before.code).toBe(0);
    expect(before.json).toHaveLength(2);
    expect(before.json).toContainEqual(expect.objectContaining({ tenantId: other, state: 'sealing', opens: true }));
    const rotated = await run(['keys', 'rotate-master', '--config', config, '--json'], env);
    expect(rotated.json).toMatchObject([{ rewrapped: 2, unreadable: [] }]);
    await configWith({ masterKey: { file: './master.key' } });
    expect((await run(['keys', 'status', '--config', config, '--check'])).code).toBe(0);
    await configWith({ masterKey: first });
    const wrong = await run(['keys', 'status', '--config', config, '--check', '--json']);
    expect(wrong.code).toBe(1);
    expect(wrong.json).toContainEqual(expect.objectContaining({ tenantId, opens: 'CREDENTIAL_UNREADABLE' }));
    for (const text of [before, rotated, wrong].map(({ out, err }) => out + err)) {
      expect(text).not.toContain(first);
      expect(text).not.toContain(second);
    }
  });

  it('destroys the keys of a tenant only when it is named twice', async () => {
    const config = await configWith({});
    for (const confirm of [[], ['--confirm', 'another']]) {
      const refused = await run(['keys', 'shred', 'acme', '--config', config, ...confirm]);
      expect(refused.code).toBe(2);
      expect(refused.err).toContain('--confirm acme');
    }
    expect((await run(['keys', 'shred', 'acme', '--config', config, '--confirm', 'acme', '--json'])).json).toEqual([
      { tenantId, versions: 1 },
    ]);
    const { json } = await run(['keys', 'status', '--config', config, '--json']);
    expect(json).toMatchObject([{ tenantId, state: 'shredded' }]);
  });

  it('says what it needs: which tenant, a key file of its own, a tenant that is there', async () => {
    const config = await configWith({});
    expect((await run(['keys', 'rotate-tenant', '--config', config])).code).toBe(2);
    expect((await run(['keys', 'rotate-tenant', 'acme', '--all', '--config', config])).code).toBe(2);
    expect((await run(['keys', 'rotate-tenant', 'nobody', '--config', config])).err).toContain('TENANT_UNKNOWN');
    await writeFile(join(folder, 'master.key'), second, { mode: 0o644 });
    await configWith({ masterKey: { file: './master.key' } });
    const open = await run(['keys', 'status', '--check', '--config', config]);
    expect(open.code).toBe(2);
    expect(open.err).toContain('chmod 600');
  });

  it('ends with 3 while the key service does not answer, and changes nothing', async () => {
    const server = await serveVault();
    server.fails = { status: 503 };
    const transit = { address: server.url, key: 'connector', token: { env: 'TOKEN' } };
    const config = await configWith({ masterKey: { transit }, previousMasterKeys: [first] });
    try {
      const { code, err } = await run(['keys', 'rotate-master', '--config', config], { TOKEN: server.token });
      expect(code).toBe(3);
      expect(err).toContain('KEY_SERVICE_UNAVAILABLE');
      expect(err).not.toContain(server.token);
    } finally {
      await server.close();
    }
    const place = { tenantId, ownerId: tenantId, field: 'x', generation: 1 };
    await expect(vaultWith(first).seal(place, 'still works')).resolves.toBeInstanceOf(Buffer);
  });
});

describe('connector-runtime references', () => {
  it('sets and shows what a tenant may refer to, and refuses a pattern', async () => {
    const config = await configWith({});
    const file = join(folder, 'policy.json');
    await writeFile(file, JSON.stringify({ env: ['ACME_SECRET'], vault: ['secret/acme/'] }));
    expect((await run(['references', 'show', 'acme', '--config', config])).json).toEqual([{}]);
    expect((await run(['references', 'set', 'acme', file, '--config', config])).code).toBe(0);
    expect((await run(['references', 'show', tenantId, '--config', config])).json).toEqual([
      { env: ['ACME_SECRET'], vault: ['secret/acme/'] },
    ]);
    await writeFile(file, JSON.stringify({ env: ['*'] }));
    const refused = await run(['references', 'set', 'acme', file, '--config', config]);
    expect([refused.code, refused.err.includes('SECRET_REFERENCE_INVALID')]).toEqual([2, true]);
  });
});
