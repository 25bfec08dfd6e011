import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArtifactFiles,
  packArtifact,
  readArtifactBytes,
  type Signer,
  signArtifact,
  type TrustPolicy,
} from '@org/connector-artifact';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newSigner, signedProbe, trustBytes, trusting } from '../../e2e/probe-connector/signed-probe.ts';
import { createAuditTrail } from '../audit/index.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { DEPLOYMENT } from '../types/audit.ts';
import { silentLog } from '../types/log.ts';
import { createArtifactRegistry } from './artifact-registry.ts';
import { trustOf } from './test-trust.ts';
import { createTrustFile } from './trust-file.ts';

let database: TestDatabase;
let signer: Signer;
let files: ArtifactFiles;
let archive: Uint8Array;
let policy: TrustPolicy;
const clock = { now: () => Date.parse('2026-11-22T12:00:00Z') };
// A system command, not a dependency.
const makePipe = 'mkfifo';
const failing = (code: string) => expect.objectContaining({ code });

beforeAll(async () => {
  database = await createTestDatabase();
  signer = newSigner();
  files = await signedProbe(signer);
  archive = packArtifact(files);
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.reset();
  policy = trusting(signer);
});

const revoked = { key: { revoked: { at: '2026-11-01T00:00:00Z', reason: 'stolen' } } };
const options = () => ({
  db: database.db,
  audit: createAuditTrail({ db: database.db, clock }),
  trust: () => policy,
  clock,
  log: silentLog,
});
const registry = () => createArtifactRegistry(options());

function exchangeStored(bytes: Uint8Array): Promise<void> {
  return database.asOwner(`update connector.artifacts set archive = '\\x${Buffer.from(bytes).toString('hex')}'`);
}

function trustOnly(other: TrustPolicy): undefined {
  policy = other;
}

async function audited(): Promise<unknown[]> {
  const { rows } = await sql<{
    body: string;
  }>`select body from connector.audit_entries where tenant_id = ${DEPLOYMENT} order by seq`.execute(database.db);
  return rows.map(({ body }) => {
    const { kind, details } = JSON.parse(body) as { kind: string; details: { code?: string } };
    return details.code ? [kind, details.code] : [kind];
  });
}

describe('the artifact registry', () => {
  it('stores what verifies, once, and opens exactly the code that was signed', async () => {
    const added = await registry().add(archive, 'admin:ann');
    expect(added).toMatchObject({ id: 'probe', version: '1.0.0', publisher: 'acme', keyIds: [signer.keyId] });
    await expect(registry().add(archive)).resolves.toEqual(added);
    const opened = await registry().open(added.digest);
    expect(Buffer.from(opened.code).equals(Buffer.from(files.get('connector.mjs') ?? []))).toBe(true);
    expect(opened.manifest.id).toBe('probe');
    expect(await audited()).toEqual([['artifact.added'], ['artifact.loaded']]);
  });

  it('reads a file of the machine', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'registry-'));
    await writeFile(join(dir, 'probe.tgz'), archive);
    await expect(registry().add(join(dir, 'probe.tgz'))).resolves.toMatchObject({ id: 'probe' });
    await rm(dir, { recursive: true });
  });

  it.each([
    ['unsigned', 'ARTIFACT_UNSIGNED', () => without('signatures/')],
    ['modified', 'ARTIFACT_MODIFIED', () => withFile('connector.mjs', 'export default {}')],
    ['from an untrusted signer', 'ARTIFACT_UNTRUSTED_SIGNER', () => trustOnly(trusting(newSigner()))],
    ['not allowed', 'ARTIFACT_NOT_ALLOWED', () => trustOnly(trusting(signer, { allow: ['other'] }))],
    ['not an archive', 'ARTIFACT_UNREADABLE', () => Buffer.from('no archive')],
  ])('refuses what is %s, stores nothing, audits the refusal', async (_, code, change) => {
    const bytes = change() ?? archive;
    await expect(registry().add(bytes)).rejects.toEqual(failing(code));
    expect(await database.db.selectFrom('connector.artifacts').selectAll().execute()).toEqual([]);
    expect(await audited()).toEqual([['artifact.refused', code]]);
  });

  it('audits a load once, not each call, and a refusal once for each reason', async () => {
    const one = registry();
    const { digest } = await one.add(archive);
    await one.open(digest);
    await one.open(digest);
    policy = trusting(signer, { allow: [] });
    for (let i = 0; i < 3; i += 1) await expect(one.open(digest)).rejects.toEqual(failing('ARTIFACT_NOT_ALLOWED'));
    policy = trusting(signer, revoked);
    await expect(one.open(digest)).rejects.toEqual(failing('ARTIFACT_KEY_REVOKED'));
    expect(await audited()).toEqual([
      ['artifact.added'],
      ['artifact.loaded'],
      ['artifact.refused', 'ARTIFACT_NOT_ALLOWED'],
      ['artifact.refused', 'ARTIFACT_KEY_REVOKED'],
    ]);
  });

  it('hands out no code whose load could not be audited', async () => {
    const { digest } = await registry().add(archive);
    await database.asOwner(
      'revoke execute on function connector.audit_append(uuid, uuid, text, text) from connector_app',
    );
    await expect(registry().open(digest)).rejects.toMatchObject({ code: '42501' });
    await database.asOwner('grant execute on function connector.audit_append(uuid, uuid, text, text) to connector_app');
    await expect(registry().open(digest)).resolves.toMatchObject({ digest });
  });

  it('refuses from its cache once the key is revoked, and opens again when it no longer is', async () => {
    const one = registry();
    const { digest } = await one.add(archive);
    await one.open(digest);
    const before = policy;
    policy = trusting(signer, revoked);
    await expect(one.open(digest)).rejects.toEqual(failing('ARTIFACT_KEY_REVOKED'));
    await expect(registry().open(digest)).rejects.toEqual(failing('ARTIFACT_KEY_REVOKED'));
    policy = before;
    await expect(one.open(digest)).resolves.toMatchObject({ digest });
  });

  it('refuses stored bytes that were changed or exchanged', async () => {
    const { digest } = await registry().add(archive);
    await exchangeStored(packArtifact(await signedProbe(signer, '1.0.1')));
    await expect(registry().open(digest)).rejects.toEqual(failing('ARTIFACT_MODIFIED'));
    await exchangeStored(withFile('connector.mjs', 'changed'));
    await expect(registry().open(digest)).rejects.toEqual(failing('ARTIFACT_MODIFIED'));
  });

  it('goes on with the bytes that it verified when the row is exchanged before they start', async () => {
    const one = registry();
    const { digest } = await one.add(archive);
    const { code } = await one.open(digest);
    await exchangeStored(packArtifact(await signedProbe(signer, '1.0.1')));
    expect(Buffer.from(code)).toEqual(Buffer.from(files.get('connector.mjs') ?? []));
    const { code: again } = await one.open(digest);
    expect(again).toBe(code);
    await expect(registry().open(digest)).rejects.toEqual(failing('ARTIFACT_MODIFIED'));
  });

  it('stores the bytes that it verified, whatever happens to the file meanwhile', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'registry-'));
    const path = join(dir, 'probe.tgz');
    await writeFile(path, archive);
    const one = createArtifactRegistry({
      ...options(),
      trust: () => {
        // Read already, not yet decided on.
        writeFileSync(path, withFile('connector.mjs', 'exchanged'));
        return policy;
      },
    });
    const { digest } = await one.add(path);
    const { code } = await one.open(digest);
    expect(Buffer.from(code)).toEqual(Buffer.from(files.get('connector.mjs') ?? []));
    await rm(dir, { recursive: true });
  });

  it.each(['update', 'delete', 'truncate'])('can’t be written by the role of the runtime: %s', async (verb) => {
    await registry().add(archive);
    const statements = {
      update: "update connector.artifacts set archive = ''",
      delete: 'delete from connector.artifacts',
      truncate: 'truncate connector.artifacts cascade',
    } as const;
    const text = statements[verb as keyof typeof statements];
    await expect(sql.raw(text).execute(database.db)).rejects.toMatchObject({ code: '42501' });
  });

  it('enables nothing new under a policy or with a key that has ended, and goes on loading what is here', async () => {
    const { digest } = await registry().add(archive);
    const later = await signedProbe(signer, '1.0.1');
    for (const [ended, code] of [
      [trustOf({ keys: [{ signer }], policy: { validUntil: '2026-11-22T11:59:59Z' } }), 'ARTIFACT_TRUST_EXPIRED'],
      [trustOf({ keys: [{ signer, validUntil: '2026-11-22T11:59:59Z' }] }), 'ARTIFACT_KEY_EXPIRED'],
    ] as const) {
      policy = ended;
      await expect(registry().add(packArtifact(later))).rejects.toEqual(failing(code));
      await expect(registry().open(digest, 'enable')).rejects.toEqual(failing(code));
      await expect(registry().open(digest)).resolves.toMatchObject({ digest });
      // As at each start, for the artifacts of the config.
      await expect(registry().add(archive)).resolves.toMatchObject({ digest });
    }
  });

  it('loads a release again that was signed anew after its key was revoked', async () => {
    const { digest } = await registry().add(archive);
    const other = newSigner();
    policy = trustOf({ keys: [{ signer, ...revoked.key }, { signer: other }] });
    await expect(registry().open(digest)).rejects.toEqual(failing('ARTIFACT_KEY_REVOKED'));
    const anew = packArtifact(
      await signArtifact(readArtifactBytes(without('signatures/')), other, {
        signedAt: new Date('2026-11-02T00:00:00Z'),
      }),
    );
    for (const _ of [1, 2])
      await expect(registry().add(anew)).resolves.toMatchObject({ digest, keyIds: [other.keyId] });
    await expect(registry().open(digest)).resolves.toMatchObject({ digest });
    policy = trustOf({ keys: [{ signer }, { signer: other, ...revoked.key }] });
    await expect(registry().open(digest)).resolves.toMatchObject({ digest });
    expect((await audited()).map((entry) => (entry as string[])[0])).toEqual([
      ...['artifact.added', 'artifact.refused', 'artifact.signed_anew', 'artifact.loaded', 'artifact.loaded'],
    ]);
  });

  it('does not know what was never added', async () => {
    await expect(registry().open('sha256:none')).rejects.toEqual(failing('ARTIFACT_UNKNOWN'));
  });
});

describe('the trust file', () => {
  it.each([
    ['a folder', (path: string) => mkdir(path)],
    ['a link to itself', (path: string) => symlink(path, path)],
    ['a pipe', async (path: string) => void execFileSync(makePipe, [path])],
    [
      'larger than memory',
      async (path: string) => {
        await writeFile(path, '{');
        await truncate(path, 2 ** 40);
      },
    ],
  ])('is refused when it is replaced by %s, and taken again afterwards', async (_, replace) => {
    const dir = await mkdtemp(join(tmpdir(), 'trust-'));
    const path = join(dir, 'trust.json');
    const trust = createTrustFile(path);
    await writeFile(path, trustBytes(signer));
    trust();
    await rm(path);
    await replace(path);
    expect(() => trust()).toThrow(failing('CONFIG_INVALID'));
    await rm(path, { recursive: true });
    await writeFile(path, trustBytes(signer));
    expect(trust().keys.has(signer.keyId)).toBe(true);
    await rm(dir, { recursive: true });
  });

  it('takes effect when it changes, keeps its object while it does not, and refuses while it is broken or gone', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'trust-'));
    const path = join(dir, 'trust.json');
    const trust = createTrustFile(path);
    expect(() => trust()).toThrow(failing('CONFIG_MISSING'));
    await writeFile(path, trustBytes(signer));
    const first = trust();
    expect(trust()).toBe(first);
    await writeFile(path, trustBytes(signer, { allow: ['other'] }));
    expect(trust()).not.toBe(first);
    await writeFile(path, '{ "broken": ');
    expect(() => trust()).toThrow(failing('CONFIG_INVALID'));
    expect(() => trust()).toThrow(failing('CONFIG_INVALID'));
    await rm(dir, { recursive: true });
    expect(() => trust()).toThrow(failing('CONFIG_MISSING'));
  });
});

function withFile(name: string, text: string): Uint8Array {
  return packArtifact(new Map([...files, [name, Buffer.from(text)]]));
}

function without(prefix: string): Uint8Array {
  return packArtifact(new Map([...files].filter(([name]) => !name.startsWith(prefix))));
}
