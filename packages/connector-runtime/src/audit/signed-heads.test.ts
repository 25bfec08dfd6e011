import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeySigner, generateKeyPair, type PublicKey, parsePublicKey } from '@org/connector-artifact';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import type { AuditTrail } from '../types/audit.ts';
import { exportAudit, verifyAuditFile, verifyStoredAudit } from './audit-export.ts';
import { createAuditTrail } from './audit-trail.ts';
import { createHeadSigner, type HeadSigner } from './head-signer.ts';
import { readSignedHeads } from './postgres-audit-store.ts';
import { type SignedHead, verifySignedHeads } from './signed-head.ts';

let database: TestDatabase;
let audit: AuditTrail;
const clock = { now: () => 1_780_000_000_000 };
const signer = createKeySigner(generateKeyPair().privateKeyPem);
const keys: readonly PublicKey[] = [parsePublicKey(signer.publicKeyPem)];
/** What was kept outside of the database. */
const kept: string[] = [];
let heads: HeadSigner;
beforeAll(async () => {
  database = await createTestDatabase();
  audit = createAuditTrail({ db: database.db, clock });
  heads = newSigner((envelope) => void kept.push(envelope));
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.reset();
  kept.length = 0;
});

const newSigner = (onSignedHead: (envelope: string) => void = () => undefined) =>
  createHeadSigner({ db: database.db, clock, signer, keys, onSignedHead });

async function append(tenantId: string, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await audit.record({ tenantId, kind: 'test.done', actor: 'system', subject: 'test', details: { i } });
  }
}

const headsOf = (tenantId: string, envelopes: readonly string[] = kept): SignedHead[] =>
  verifySignedHeads(envelopes, keys).filter((head) => head.tenantId === tenantId);

/** As somebody does who owns the database: all of it is consistent afterwards. */
async function rewrite(tenantId: string, keepFirst: number, thenAppend: number): Promise<void> {
  await database.asOwner(
    'set connector.audit_maintenance = on',
    `delete from connector.audit_entries where tenant_id = '${tenantId}' and seq > ${keepFirst}`,
    `update connector.audit_heads set seq = ${keepFirst}, hash = coalesce((select hash from connector.audit_entries
      where tenant_id = '${tenantId}' and seq = ${keepFirst}), decode(repeat('00', 32), 'hex')) where tenant_id = '${tenantId}'`,
  );
  for (let i = 0; i < thenAppend; i += 1) {
    await audit.record({ tenantId, kind: 'test.forged', actor: 'system', subject: 'test', details: { i } });
  }
}

async function exportOf(tenantId: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'chain.ndjson');
  const lines: string[] = [];
  for await (const line of exportAudit(database.db, tenantId)) lines.push(line);
  await writeFile(file, lines.join(''));
  return file;
}

describe('signed heads', () => {
  it('are made for chains that moved, each following the one before, and verify offline', async () => {
    const tenant = v7();
    await append(tenant, 3);
    await heads.signMoved();
    await append(tenant, 2);
    await heads.signMoved();
    await heads.signMoved();
    const signed = headsOf(tenant);
    expect(signed.map(({ seq }) => seq)).toEqual(['3', '5']);
    expect(await verifyAuditFile(await exportOf(tenant), { signed })).toMatchObject({ entries: 5, verified: true });
  });

  it('are made once, however many nodes sign at the same time', async () => {
    const tenant = v7();
    await append(tenant, 2);
    const told: string[] = [];
    const nodes = Array.from({ length: 8 }, () => newSigner((envelope) => void told.push(envelope)));
    await Promise.all(nodes.map((node) => node.signMoved()));
    expect(headsOf(tenant, told)).toHaveLength(1);
    expect(await readSignedHeads(database.db, tenant)).toHaveLength(1);
  });

  it('kept elsewhere show a tail that was cut by the owner of the database (pitfall 54)', async () => {
    const tenant = v7();
    await append(tenant, 4);
    await heads.signMoved();
    await rewrite(tenant, 2, 0);
    expect(await verifyStoredAudit(database.db, tenant)).toMatchObject({ entries: 2, verified: true });
    const offline = verifyAuditFile(await exportOf(tenant), { signed: headsOf(tenant) });
    await expect(offline).rejects.toMatchObject({ details: { kind: 'truncated', seq: '3' } });
    await expect(heads.signMoved()).rejects.toMatchObject({ details: { kind: 'truncated', seq: '3' } });
    await rewrite(tenant, 0, 0);
    await database.asOwner(
      'set connector.audit_maintenance = on',
      `delete from connector.audit_heads where tenant_id = '${tenant}'`,
    );
    const emptied = verifyStoredAudit(database.db, tenant, { signed: headsOf(tenant) });
    await expect(emptied).rejects.toMatchObject({ details: { kind: 'truncated', seq: '1' } });
  });

  it('kept elsewhere show a chain that was written anew as a whole (pitfall 54)', async () => {
    const tenant = v7();
    await append(tenant, 4);
    await heads.signMoved();
    await rewrite(tenant, 1, 5);
    expect(await verifyStoredAudit(database.db, tenant)).toMatchObject({ entries: 6, verified: true });
    const offline = verifyAuditFile(await exportOf(tenant), { signed: headsOf(tenant) });
    await expect(offline).rejects.toMatchObject({ details: { kind: 'rewritten', seq: '4' } });
  });

  it('are not made for a chain that does not follow from what was signed before', async () => {
    const tenant = v7();
    await append(tenant, 3);
    await heads.signMoved();
    await rewrite(tenant, 1, 5);
    await expect(heads.signMoved()).rejects.toMatchObject({ code: 'AUDIT_BROKEN', details: { seq: '4' } });
    expect(headsOf(tenant)).toHaveLength(1);
  });

  it('show that they were deleted and signed again: two then follow the same one', async () => {
    const tenant = v7();
    await append(tenant, 3);
    await heads.signMoved();
    await rewrite(tenant, 1, 5);
    await database.asOwner(
      'set connector.audit_maintenance = on',
      `delete from connector.audit_signed_heads where tenant_id = '${tenant}'`,
    );
    await newSigner()
      .signMoved()
      .catch(() => undefined);
    const both = [...kept, ...(await readSignedHeads(database.db, tenant))];
    expect(() => verifySignedHeads(both, keys)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ kind: 'heads-forked' }) }),
    );
  });

  it('count only with a key that was given, and unchanged', async () => {
    const tenant = v7();
    await append(tenant, 1);
    await heads.signMoved();
    const [envelope = ''] = await readSignedHeads(database.db, tenant);
    const stranger = parsePublicKey(createKeySigner(generateKeyPair().privateKeyPem).publicKeyPem);
    const kindOf = (text: string, given: readonly PublicKey[]) => {
      try {
        return verifySignedHeads([text], given).length;
      } catch (error) {
        return (error as { details: { kind: string } }).details.kind;
      }
    };
    expect(kindOf(envelope, keys)).toBe(1);
    expect(kindOf(envelope, [stranger])).toBe('key-unknown');
    const { payload, ...rest } = JSON.parse(envelope) as { payload: string };
    const other = Buffer.from(payload, 'base64').toString().replace('"seq":"1"', '"seq":"2"');
    expect(kindOf(JSON.stringify({ ...rest, payload: Buffer.from(other).toString('base64') }), keys)).toBe(
      'signature-bad',
    );
    expect(kindOf('{}', keys)).toBe('signature-bad');
  });

  it.each([
    'update connector.audit_signed_heads set seq = seq',
    'delete from connector.audit_signed_heads',
    'truncate connector.audit_signed_heads',
  ])('can only be added: %s is refused', async (statement) => {
    await expect(sql.raw(statement).execute(database.db)).rejects.toMatchObject({ code: '42501' });
    await expect(database.asOwner(statement)).rejects.toMatchObject({ code: '42501' });
  });
});
