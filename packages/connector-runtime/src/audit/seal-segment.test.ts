import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeySigner, generateKeyPair, parsePublicKey } from '@org/connector-artifact';
import fc from 'fast-check';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectOwner } from '../store/index.ts';
import type { OwnerClient } from '../store/owner-client.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { exportAudit, verifyAuditFile, verifyStoredAudit } from './audit-export.ts';
import { createAuditTrail } from './audit-trail.ts';
import { createHeadSigner } from './head-signer.ts';
import { listAudit, readSeals, readSignedHeads } from './postgres-audit-store.ts';
import { sealSegment } from './seal-segment.ts';
import { verifySegments } from './sealed-segment.ts';
import { verifySignedHeads } from './signed-head.ts';

const HOUR_MS = 3_600_000;
const signer = createKeySigner(generateKeyPair().privateKeyPem);
const keys = [parsePublicKey(signer.publicKeyPem)];
const strangers = [parsePublicKey(createKeySigner(generateKeyPair().privateKeyPem).publicKeyPem)];

let now = 1_780_000_000_000;
const clock = { now: () => now };
let database: TestDatabase;
let owner: OwnerClient;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = await connectOwner(database.store.url.reveal());
});
afterAll(async () => {
  await owner.end();
  await database.close();
});
beforeEach(async () => {
  await database.reset();
  folder = await mkdtemp(join(tmpdir(), 'segments-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** One entry an hour. */
async function append(tenantId: string, count: number): Promise<void> {
  const audit = createAuditTrail({ db: database.db, clock });
  for (let n = 0; n < count; n += 1) {
    await audit.record({ tenantId, kind: 'test.done', actor: 'system', subject: 'test', details: { n } });
    now += HOUR_MS;
  }
}

async function signedHeads() {
  const onSignedHead = () => undefined;
  await createHeadSigner({ db: database.db, clock, signer, keys, onSignedHead }).signMoved();
  return verifySignedHeads(await readSignedHeads(database.db), keys);
}

async function seal(tenantId: string, before: number) {
  const signed = (await signedHeads()).filter((head) => head.tenantId === tenantId);
  const ports = { db: database.db, owner, signer, keys, clock, folder, by: 'operator:ann' };
  return sealSegment({ tenantId, before, signed }, ports);
}

const seqs = async (tenantId: string) =>
  (await listAudit(database.db, tenantId, { limit: 1000 })).map(({ seq }) => Number(seq)).reverse();

async function exportTo(name: string, tenantId: string): Promise<string> {
  const lines: string[] = [];
  for await (const line of exportAudit(database.db, tenantId)) lines.push(line);
  const file = join(folder, name);
  await writeFile(file, lines.join(''));
  return file;
}

const breaking = (kind: string, seq?: string) => ({ details: { kind, ...(seq === undefined ? {} : { seq }) } });

describe('a sealed segment', () => {
  it('has what was old enough, and what is left goes on from it', async () => {
    const tenant = v7();
    await append(tenant, 5);
    const sealed = await seal(tenant, now - 2 * HOUR_MS);
    expect(sealed).toMatchObject({ tenantId: tenant, first: '1', last: '3', entries: 3 });
    expect(await seqs(tenant)).toEqual([4, 5, 6]);
    expect((await listAudit(database.db, tenant, { limit: 1 }))[0]).toMatchObject({ kind: 'audit.sealed' });
    expect(await verifyStoredAudit(database.db, tenant, { signed: await signedHeads(), keys })).toEqual({
      entries: 3,
      verified: true,
    });
  });

  it('verifies offline with the keys, and so does an export of what is left, also against heads of later entries', async () => {
    const tenant = v7();
    await append(tenant, 4);
    const first = await seal(tenant, now - 2 * HOUR_MS);
    await append(tenant, 3);
    const second = await seal(tenant, now - HOUR_MS);
    await append(tenant, 1);
    const vouchers = { signed: await signedHeads(), keys };
    const files = [first?.file ?? '', second?.file ?? '', await exportTo('rest.ndjson', tenant)];
    const counts = await Promise.all(files.map(async (file) => (await verifyAuditFile(file, vouchers)).entries));
    expect(counts).toEqual([2, 5, 3]);
    expect(verifySegments(await readSeals(database.db, tenant), keys).map(({ end }) => end.seq)).toEqual(['2', '7']);
  });

  it('is nothing where nothing is old enough, and takes nothing of another tenant', async () => {
    const [tenant, other] = [v7(), v7()];
    await append(tenant, 2);
    await append(other, 2);
    expect(await seal(tenant, 0)).toBeUndefined();
    await seal(tenant, now);
    expect(await seqs(tenant)).toEqual([3]);
    expect(await seqs(other)).toEqual([1, 2]);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('ends at the newest signed head', async () => {
    const tenant = v7();
    await append(tenant, 3);
    const signed = await signedHeads();
    await append(tenant, 2);
    const ports = { db: database.db, owner, signer, keys, clock, folder, by: 'operator:ann' };
    expect(await sealSegment({ tenantId: tenant, before: now, signed }, ports)).toMatchObject({ last: '3' });
  });

  it('is made anew after a crash between its file and its commit', async () => {
    const tenant = v7();
    await append(tenant, 3);
    const query = async (text: string) => {
      if (text === 'commit') throw new Error('the machine is gone');
      return owner.query(text);
    };
    const signed = await signedHeads();
    const crashing = {
      query: (text: string, values?: readonly unknown[]) => (values ? owner.query(text, [...values]) : query(text)),
    };
    const ports = { db: database.db, owner: crashing, signer, keys, clock, folder, by: 'operator:ann' };
    await expect(sealSegment({ tenantId: tenant, before: now, signed }, ports)).rejects.toThrow('the machine is gone');
    expect(await seqs(tenant)).toEqual([1, 2, 3]);
    expect(await seal(tenant, now)).toMatchObject({ entries: 3 });
    expect(await readdir(folder)).toEqual([`${tenant}-1-3.ndjson`]);
  });

  it('is made once, of two that seal at the same time', async () => {
    const tenant = v7();
    await append(tenant, 3);
    const signed = await signedHeads();
    const second = await connectOwner(database.store.url.reveal());
    const folders = await Promise.all([1, 2].map(() => mkdtemp(join(folder, 'by-'))));
    const results = await Promise.allSettled(
      [owner, second].map((client, at) => {
        const ports = {
          db: database.db,
          owner: client,
          signer,
          keys,
          clock,
          folder: folders[at] ?? '',
          by: 'operator:ann',
        };
        return sealSegment({ tenantId: tenant, before: now, signed }, ports);
      }),
    );
    await second.end();
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    // The slower one may also come when everything is done, and find nothing.
    expect(failures.filter((code) => code !== 'AUDIT_SEAL_BUSY')).toEqual([]);
    expect(await readSeals(database.db, tenant)).toHaveLength(1);
    expect(await seqs(tenant)).toEqual([4]);
  });
});

describe('nothing but what is sealed leaves', () => {
  it('for the owner of the database, who says that they seal', async () => {
    const tenant = v7();
    await append(tenant, 2);
    const sealing = [
      'set connector.audit_sealing = on',
      `delete from connector.audit_entries where tenant_id = '${tenant}'`,
    ];
    await expect(database.asOwner(...sealing)).rejects.toMatchObject({ code: '42501' });
    await expect(database.asOwner(sealing[1] ?? '')).rejects.toMatchObject({ code: '42501' });
    await seal(tenant, now);
    const seals = `delete from connector.audit_segments where tenant_id = '${tenant}'`;
    await expect(database.asOwner(seals)).rejects.toMatchObject({ code: '42501' });
  });

  it('for the runtime’s own role, which can neither seal nor delete', async () => {
    const tenant = v7();
    await append(tenant, 2);
    const fake = sql`insert into connector.audit_segments (tenant_id, first_seq, last_seq, previous, envelope)
      values (${tenant}, 1, 2, '', '{}')`;
    await expect(fake.execute(database.db)).rejects.toMatchObject({ code: '42501' });
    const gone = sql`delete from connector.audit_entries where tenant_id = ${tenant}`;
    await expect(gone.execute(database.db)).rejects.toMatchObject({ code: '42501' });
  });

  it('for a chain that is not what was signed: neither file nor seal is made', async () => {
    const tenant = v7();
    await append(tenant, 3);
    await signedHeads();
    await database.asOwner(
      'set connector.audit_maintenance = on',
      `update connector.audit_entries set body = replace(body, '"n":1', '"n":7') where tenant_id = '${tenant}' and seq = 2`,
    );
    await expect(seal(tenant, now)).rejects.toMatchObject(breaking('edited', '2'));
    expect(await seqs(tenant)).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('what was done to segments shows', () => {
  async function twoSegments() {
    const tenant = v7();
    await append(tenant, 2);
    const first = (await seal(tenant, now))?.file ?? '';
    await append(tenant, 2);
    const second = (await seal(tenant, now))?.file ?? '';
    await append(tenant, 1);
    return { tenant, first, second };
  }
  const asMaintainer = (statement: string) => database.asOwner('set connector.audit_maintenance = on', statement);

  it('an edited, cut or extended file', async () => {
    const { second } = await twoSegments();
    const text = await readFile(second, 'utf8');
    const [header = '', ...entries] = text.trimEnd().split('\n');
    const file = join(folder, 'tampered.ndjson');
    const verify = async (...lines: string[]) => {
      await writeFile(file, `${lines.join('\n')}\n`);
      return verifyAuditFile(file, { keys });
    };
    expect(await verify(header, ...entries)).toMatchObject({ verified: true });
    await expect(verify(header, ...entries.slice(0, -1))).rejects.toMatchObject(breaking('truncated'));
    await expect(verify(header, ...entries.slice(1))).rejects.toMatchObject(breaking('deleted', '3'));
    await expect(
      verify(header, ...entries.map((line) => line.replace('test.done', 'test.gone'))),
    ).rejects.toMatchObject(breaking('edited'));
    const other = { ...JSON.parse(header), seals: [] };
    await expect(verify(JSON.stringify(other), ...entries)).rejects.toMatchObject(breaking('unsealed', '3'));
    await expect(verifyAuditFile(second, { keys: strangers })).rejects.toMatchObject(breaking('key-unknown'));
  });

  it('a chain whose seals are gone, or were swapped', async () => {
    const { tenant } = await twoSegments();
    const stored = () => verifyStoredAudit(database.db, tenant, { keys });
    expect(await stored()).toMatchObject({ verified: true });
    await expect(verifyStoredAudit(database.db, tenant)).rejects.toMatchObject(breaking('key-unknown'));
    await asMaintainer(`delete from connector.audit_segments where tenant_id = '${tenant}' and first_seq = 1`);
    await expect(stored()).rejects.toMatchObject(breaking('segments-broken', '1'));
    await asMaintainer(`delete from connector.audit_segments where tenant_id = '${tenant}'`);
    await expect(stored()).rejects.toMatchObject(breaking('deleted', '1'));
  });

  it('seals of another chain', async () => {
    const [one, two] = [await twoSegments(), await twoSegments()];
    await asMaintainer(
      `with theirs as (select * from connector.audit_segments where tenant_id = '${two.tenant}')
       update connector.audit_segments s set envelope = t.envelope from theirs t
       where s.tenant_id = '${one.tenant}' and s.first_seq = t.first_seq`,
    );
    await expect(verifyStoredAudit(database.db, one.tenant, { keys })).rejects.toMatchObject(breaking('unsealed'));
  });
});

it('wherever a chain is sealed, its files and what is left are all of it, in order', async () => {
  const cuts = fc.array(fc.record({ entries: fc.integer({ min: 1, max: 4 }), keep: fc.integer({ min: 0, max: 5 }) }), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(cuts, async (steps) => {
      const tenant = v7();
      const files: string[] = [];
      for (const { entries, keep } of steps) {
        await append(tenant, entries);
        const sealed = await seal(tenant, now - keep * HOUR_MS);
        if (sealed) files.push(sealed.file);
      }
      const vouchers = { signed: await signedHeads(), keys };
      const all = [...files, await exportTo(`${tenant}.ndjson`, tenant)];
      const found: number[] = [];
      for (const file of all) {
        await verifyAuditFile(file, vouchers);
        const [, ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
        found.push(...lines.map((line) => Number(JSON.parse(line).seq)));
      }
      expect(found).toEqual(found.map((_, at) => at + 1));
      const appended = steps.reduce((sum, { entries }) => sum + entries, 0);
      expect(found).toHaveLength(appended + files.length);
    }),
    { numRuns: 15 },
  );
});
