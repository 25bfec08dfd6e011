import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKeyPair } from '@org/connector-artifact';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuditTrail } from './audit/index.ts';
import { createTestDatabase, type TestDatabase } from './store/test-database.ts';
import { systemClock } from './types/clock.ts';

const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
const passphrase = 'a long passphrase';
const { privateKeyPem, publicKeyPem } = generateKeyPair({ passphrase });
const tenantId = randomUUID();

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.reset();
  folder = await mkdtemp(join(tmpdir(), 'cli-audit-'));
  await writeFile(at('key.pem'), privateKeyPem, { mode: 0o600 });
  await writeFile(at('key.pub.pem'), publicKeyPem);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const signing = {
  signingKey: { file: './key.pem' },
  passphrase: { env: 'AUDIT_PASSPHRASE' },
  headsFile: './kept.ndjson',
};

async function append(count: number, time?: number): Promise<void> {
  const clock = time === undefined ? systemClock : { now: () => time };
  const audit = createAuditTrail({ db: database.db, clock });
  for (let n = 0; n < count; n += 1) {
    await audit.record({ tenantId, kind: 'test.done', actor: 'system', subject: 'test', details: { n } });
  }
}

async function configWith(audit: object | undefined): Promise<string> {
  const config = {
    port: 0,
    publicUrl: 'http://127.0.0.1:8080',
    database: { url: database.store.url.reveal() },
    masterKey: randomBytes(32).toString('base64'),
    admin: { token: randomBytes(32).toString('base64url') },
    trust: './trust.json',
    workflows: [],
    audit,
  };
  await writeFile(at('runtime.config.mjs'), `export default ${JSON.stringify(config)}`);
  return at('runtime.config.mjs');
}

function run(...args: readonly string[]) {
  const env = { AUDIT_PASSPHRASE: passphrase };
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, ['--conditions=@org/source', cli, 'audit', ...args], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('connector-runtime audit', () => {
  it('signs what it exports, keeps the head in a file, and verifies both without the database', async () => {
    await append(3);
    const config = await configWith(signing);
    const { code, out, err } = await run('export', '--config', config, '--tenant', tenantId);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    await writeFile(at('chain.ndjson'), out);
    expect((await run('heads', '--config', config)).out).toBe(await readFile(at('kept.ndjson'), 'utf8'));
    const offline = ['--head', at('kept.ndjson'), '--key', at('key.pub.pem'), '--json'];
    const verified = await run('verify', '--file', at('chain.ndjson'), ...offline);
    const report = { tenantId, verified: true, entries: 3, signedHeads: 1, signedUpTo: '3' };
    expect(JSON.parse(verified.out)).toEqual(report);
    expect(JSON.parse((await run('verify', '--config', config, '--json')).out)).toEqual(report);
  });

  it('finds a cut tail in the database by a head that was kept elsewhere: exit 1 (pitfall 54)', async () => {
    await append(3);
    const config = await configWith(signing);
    await run('export', '--config', config, '--tenant', tenantId);
    await database.asOwner(
      'set connector.audit_maintenance = on',
      'delete from connector.audit_signed_heads',
      'delete from connector.audit_entries where seq > 1',
      'update connector.audit_heads set seq = 1, hash = (select hash from connector.audit_entries where seq = 1)',
    );
    expect((await run('verify', '--config', config)).code).toBe(0);
    const { code, out, err } = await run('verify', '--config', config, '--head', at('kept.ndjson'), '--json');
    expect(code).toBe(1);
    expect(err).toContain('AUDIT_BROKEN');
    expect(JSON.parse(out)).toMatchObject({ tenantId, verified: false, finding: { kind: 'truncated', seq: '2' } });
  });

  it('moves old entries to a sealed file, and verifies it and what is left', async () => {
    await append(2, Date.now() - 40 * 86_400_000);
    await append(1);
    const config = await configWith(signing);
    const { code, out, err } = await run('seal', '--config', config, '--older-than', '30', '--out', folder, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const file = at(`${tenantId}-1-2.ndjson`);
    expect(JSON.parse(out)).toEqual({ tenantId, file, first: '1', last: '2', entries: 2 });
    const ofFile = await run('verify', '--file', file, '--key', at('key.pub.pem'), '--json');
    expect(JSON.parse(ofFile.out)).toMatchObject({ verified: true, entries: 2 });
    const ofRest = await run('verify', '--config', config, '--json');
    expect(JSON.parse(ofRest.out)).toMatchObject({ verified: true, entries: 2 });
  });

  it('says that nothing was signed where no key is configured, and refuses a place for heads then', async () => {
    await append(1);
    const { code, out } = await run('verify', '--config', await configWith(undefined));
    expect({ code, out }).toEqual({ code: 0, out: `${tenantId}: 1 entries, verified; no signed head was checked\n` });
    const sealed = await run('seal', '--config', at('runtime.config.mjs'), '--older-than', '30', '--out', folder);
    expect(sealed).toMatchObject({ code: 2, err: expect.stringContaining('audit.signingKey') });
    const refused = await run('verify', '--config', await configWith({ headsFile: './kept.ndjson' }));
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('has no signingKey') });
  });
});
