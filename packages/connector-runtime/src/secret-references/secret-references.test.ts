import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../../e2e/loopback-server.ts';
import { serveVault, type VaultServer } from '../../e2e/vault-server.ts';
import { createAuditTrail } from '../audit/index.ts';
import { openReferences } from '../open-references.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { createReferencePolicies, type ReferencePolicies } from './reference-policies.ts';

let database: TestDatabase;
let policies: ReferencePolicies;
let folder: string;
let vault: VaultServer;
let aws: LoopbackServer;
let tenantId: string;
let now: number;
const awsSecrets = new Map<string, string>();
const registered: string[] = [];
const own = randomBytes(24).toString('base64url');
const withCode = (code: string) => expect.objectContaining({ code });
const [notAllowed, missing, unavailable] = [
  withCode('SECRET_REFERENCE_NOT_ALLOWED'),
  withCode('SECRET_REFERENCE_MISSING'),
  withCode('SECRET_REFERENCE_UNAVAILABLE'),
];

beforeAll(async () => {
  database = await createTestDatabase();
  policies = createReferencePolicies({
    db: database.db,
    audit: createAuditTrail({ db: database.db, clock: { now: () => now } }),
  });
  vault = await serveVault();
  aws = await serveLoopback(({ body }, response) => {
    const text = awsSecrets.get(JSON.parse(body).SecretId);
    const answer = text === undefined ? { __type: 'ResourceNotFoundException' } : { SecretString: text };
    response
      .writeHead(text === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify(answer));
  });
});
afterAll(async () => {
  await Promise.all([database.close(), vault.close(), aws.close()]);
});
beforeEach(async () => {
  [now, tenantId] = [1_800_000_000_000, randomUUID()];
  await database.db.insertInto('connector.tenants').values({ id: tenantId, name: tenantId }).execute();
  folder = await mkdtemp(join(tmpdir(), 'references-'));
  vi.stubEnv('REFERENCES_TOKEN', vault.token);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', randomBytes(20).toString('hex'));
  registered.length = 0;
  vault.fails = undefined;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const open = () =>
  openReferences(
    {
      vault: { address: vault.url, token: { env: 'REFERENCES_TOKEN' } },
      awsSecretsManager: { region: 'eu-central-1', endpoint: aws.url },
    },
    {
      policies,
      own: [own],
      learn: () => {},
      clock: { now: () => now },
      scrubber: {
        register: (value) => void registered.push(value),
        unregister: (value) => void registered.splice(registered.indexOf(value), 1),
      },
    },
  );
const allow = (policy: object) => policies.set({ tenantId, policy, by: 'admin:test' });

async function resolveOne(ref: string, references?: Awaited<ReturnType<typeof open>>): Promise<string | undefined> {
  const { resolveSecrets } = references ?? (await open());
  return (await resolveSecrets(tenantId, { field: { ref } })).field;
}

describe('secret references', () => {
  it('are resolved from every scheme, beside literals that are never read as references', async () => {
    vi.stubEnv('ACME_SECRET', 'from-env');
    await writeFile(join(folder, 'key'), 'from-file\n');
    vault.secrets.set('acme/slack', { key: 'from-vault' });
    awsSecrets.set('acme/github', JSON.stringify({ key: 'from-aws' }));
    awsSecrets.set('acme/plain', 'from-aws-plain');
    await allow({
      env: ['ACME_SECRET'],
      file: [`${folder}/`],
      vault: ['secret/acme/'],
      'aws-secretsmanager': ['acme/'],
    });
    const { resolveSecrets } = await open();
    await expect(
      resolveSecrets(tenantId, {
        literal: 'env:ACME_SECRET',
        env: { ref: 'env:ACME_SECRET' },
        file: { ref: `file:${folder}/key` },
        vault: { ref: 'vault:secret/acme/slack#key' },
        aws: { ref: 'aws-secretsmanager:acme/github#key' },
        plain: { ref: 'aws-secretsmanager:acme/plain' },
      }),
    ).resolves.toEqual({
      literal: 'env:ACME_SECRET',
      env: 'from-env',
      file: 'from-file',
      vault: 'from-vault',
      aws: 'from-aws',
      plain: 'from-aws-plain',
    });
    expect(registered.sort()).toEqual(
      expect.arrayContaining(['from-aws', 'from-aws-plain', 'from-env', 'from-file', 'from-vault']),
    );
  });

  it("are refused outside the tenant's policy, before anything is read", async () => {
    const asked = vault.requests.length + aws.requests.length;
    vi.stubEnv('ACME_SECRET', 'from-env');
    for (const ref of ['env:ACME_SECRET', `file:${folder}/none`, 'vault:secret/a#b', 'aws-secretsmanager:a']) {
      await expect(resolveOne(ref)).rejects.toEqual(notAllowed);
      const { requireAllowedReferences } = await open();
      await expect(requireAllowedReferences(tenantId, { field: { ref } })).rejects.toEqual(notAllowed);
    }
    expect(vault.requests.length + aws.requests.length).toBe(asked);
  });

  it("are refused under another tenant's policy", async () => {
    vi.stubEnv('ACME_SECRET', 'from-env');
    await allow({ env: ['ACME_SECRET'] });
    const { resolveSecrets } = await open();
    await expect(resolveSecrets(tenantId, { f: { ref: 'env:ACME_SECRET' } })).resolves.toEqual({ f: 'from-env' });
    await expect(resolveSecrets(randomUUID(), { f: { ref: 'env:ACME_SECRET' } })).rejects.toEqual(notAllowed);
  });

  it('never give a secret of the deployment itself, whatever the policy says', async () => {
    vi.stubEnv('MASTER', own);
    vi.stubEnv('CONTAINS', `postgres://user:${own}@host/db`);
    await allow({ env: ['MASTER', 'CONTAINS'] });
    await expect(resolveOne('env:MASTER')).rejects.toEqual(notAllowed);
    await expect(resolveOne('env:CONTAINS')).rejects.toEqual(notAllowed);
  });

  it('say what is missing', async () => {
    vi.stubEnv('EMPTY', '');
    await allow({
      env: ['ABSENT_SECRET', 'EMPTY'],
      file: [`${folder}/`],
      vault: ['secret/acme/'],
      'aws-secretsmanager': ['acme/'],
    });
    vault.secrets.set('acme/slack', { key: 1 });
    awsSecrets.set('acme/plain', 'not json');
    for (const ref of [
      'env:ABSENT_SECRET',
      'env:EMPTY',
      `file:${folder}/none`,
      'vault:secret/acme/none#key',
      'vault:secret/acme/slack#key',
      'vault:secret/acme/slack#__proto__',
      'aws-secretsmanager:acme/none',
      'aws-secretsmanager:acme/plain#key',
    ]) {
      await expect(resolveOne(ref)).rejects.toEqual(missing);
    }
  });

  it.each([{ status: 403 }, { status: 500 }, { status: 503 }, { status: 429 }, 'hang-up' as const])(
    'are unavailable while the vault answers %j, and read once it is back',
    async (fails) => {
      await allow({ vault: ['secret/acme/'] });
      vault.secrets.set('acme/slack', { key: 'from-vault' });
      const references = await open();
      vault.fails = fails;
      await expect(resolveOne('vault:secret/acme/slack#key', references)).rejects.toEqual(unavailable);
      vault.fails = undefined;
      await expect(resolveOne('vault:secret/acme/slack#key', references)).resolves.toBe('from-vault');
    },
  );

  it('are read again within a minute, and no value outlives its source by more', async () => {
    vi.stubEnv('ACME_SECRET', 'first');
    await allow({ env: ['ACME_SECRET'] });
    const references = await open();
    await expect(resolveOne('env:ACME_SECRET', references)).resolves.toBe('first');
    vi.stubEnv('ACME_SECRET', 'second');
    now += 49_999;
    await expect(resolveOne('env:ACME_SECRET', references)).resolves.toBe('first');
    now += 10_001;
    await expect(resolveOne('env:ACME_SECRET', references)).resolves.toBe('second');
    vi.stubEnv('ACME_SECRET', undefined);
    now += 60_000;
    await expect(resolveOne('env:ACME_SECRET', references)).rejects.toEqual(missing);
  });

  it('are refused at once when the policy is narrowed, also what was read before', async () => {
    vi.stubEnv('ACME_SECRET', 'value');
    await allow({ env: ['ACME_SECRET'] });
    const references = await open();
    await expect(resolveOne('env:ACME_SECRET', references)).resolves.toBe('value');
    await allow({});
    await expect(resolveOne('env:ACME_SECRET', references)).rejects.toEqual(notAllowed);
  });

  it('stay known to the scrubber for a while after they were replaced, and not for ever', async () => {
    vi.stubEnv('ACME_SECRET', 'value');
    await allow({ env: ['ACME_SECRET', 'OTHER'] });
    vi.stubEnv('OTHER', 'other-value');
    const references = await open();
    await resolveOne('env:ACME_SECRET', references);
    now += 599_000;
    await resolveOne('env:OTHER', references);
    expect(registered).toContain('value');
    now += 1_000;
    await resolveOne('env:OTHER', references);
    expect(registered).toEqual(['other-value']);
  });

  it('are read once, however many ask at the same time', async () => {
    await allow({ vault: ['secret/acme/'] });
    vault.secrets.set('acme/slack', { key: 'from-vault' });
    const references = await open();
    const asked = vault.requests.length;
    await Promise.all(Array.from({ length: 20 }, () => resolveOne('vault:secret/acme/slack#key', references)));
    expect(vault.requests.length).toBe(asked + 1);
  });
});

describe('file references', () => {
  it('follow links within what is allowed, as mounted secrets have them', async () => {
    await mkdir(join(folder, '..data'));
    await writeFile(join(folder, '..data', 'key'), 'mounted');
    await symlink(join('..data', 'key'), join(folder, 'key'));
    await allow({ file: [`${folder}/`] });
    await expect(resolveOne(`file:${folder}/key`)).resolves.toBe('mounted');
  });

  it('do not follow a link out of it: to a file, through a folder, or from an exact entry', async () => {
    const [inside, outside] = [join(folder, 'inside'), join(folder, 'outside')];
    await mkdir(inside);
    await mkdir(outside);
    await writeFile(join(outside, 'key'), 'not yours');
    await symlink(join(outside, 'key'), join(inside, 'key'));
    await symlink(outside, join(inside, 'sub'));
    await allow({ file: [`${inside}/`] });
    await expect(resolveOne(`file:${inside}/key`)).rejects.toEqual(notAllowed);
    await expect(resolveOne(`file:${inside}/sub/key`)).rejects.toEqual(notAllowed);
    await expect(resolveOne(`file:${inside}/../outside/key`)).rejects.toEqual(withCode('SECRET_REFERENCE_INVALID'));
  });

  it('are read below an entry that is itself behind a link', async () => {
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real', 'key'), 'yours');
    await symlink(join(folder, 'real'), join(folder, 'linked'));
    await allow({ file: [`${folder}/linked/`] });
    await expect(resolveOne(`file:${folder}/linked/key`)).resolves.toBe('yours');
  });

  it('refuse folders, devices and what is too large', async () => {
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'large'), 'x'.repeat(65_537));
    await allow({ file: [`${folder}/`, '/dev/zero'] });
    await expect(resolveOne(`file:${folder}/sub`)).rejects.toEqual(unavailable);
    await expect(resolveOne(`file:${folder}/large`)).rejects.toEqual(unavailable);
    await expect(resolveOne('file:/dev/zero')).rejects.toEqual(unavailable);
  });

  it('never read a file that is exchanged for a link meanwhile', async () => {
    await mkdir(join(folder, 'inside'));
    await writeFile(join(folder, 'outside'), 'not yours');
    await allow({ file: [`${folder}/inside/`] });
    const key = join(folder, 'inside', 'key');
    const exchange = async () => {
      for (let round = 0; round < 40; round += 1) {
        await writeFile(`${key}.new`, 'yours');
        await rename(`${key}.new`, key);
        await symlink(join(folder, 'outside'), `${key}.link`);
        await rename(`${key}.link`, key);
      }
    };
    const seen = new Set<unknown>();
    const read = async () => {
      for (let round = 0; round < 40; round += 1) {
        const references = await open();
        seen.add(await resolveOne(`file:${key}`, references).catch((error: { code: string }) => error.code));
      }
    };
    await Promise.all([exchange(), read(), read()]);
    expect(seen).not.toContain('not yours');
  });
});

describe('a reference policy', () => {
  it('is kept per tenant and audited, and refused for a tenant that is not there', async () => {
    await allow({ env: ['A'] });
    await allow({ env: ['B'] });
    await expect(policies.read(tenantId)).resolves.toEqual({ env: ['B'] });
    await expect(policies.read(randomUUID())).resolves.toEqual({});
    await expect(policies.set({ tenantId: randomUUID(), policy: {}, by: 'x' })).rejects.toEqual(
      withCode('TENANT_UNKNOWN'),
    );
    const entries = await database.db
      .selectFrom('connector.audit_entries')
      .select('body')
      .where('tenant_id', '=', tenantId)
      .where('kind', '=', 'reference_policy.set')
      .execute();
    expect(entries.map(({ body }) => JSON.parse(body))).toMatchObject([
      { actor: 'admin:test', details: { policy: { env: ['A'] } } },
      { actor: 'admin:test', details: { policy: { env: ['B'] } } },
    ]);
  });
});
