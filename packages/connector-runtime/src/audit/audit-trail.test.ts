import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { type AuditRecord, type AuditTrail, DEPLOYMENT } from '../types/audit.ts';
import { exportAudit, verifyAuditFile, verifyStoredAudit } from './audit-export.ts';
import { createAuditTrail } from './audit-trail.ts';
import { listAudit, readAuditHead } from './postgres-audit-store.ts';

let database: TestDatabase;
let audit: AuditTrail;
beforeAll(async () => {
  database = await createTestDatabase();
  audit = createAuditTrail({ db: database.db, clock: { now: () => 1_780_000_000_000 } });
});
afterAll(() => database.close());

const recordFor = (tenantId: string, more: Partial<AuditRecord> = {}): AuditRecord => ({
  tenantId,
  kind: 'test.done',
  actor: 'system',
  subject: 'test',
  details: { text: 'ü € 😀 \u0000 "' },
  ...more,
});

describe('the audit trail on Postgres', () => {
  it('writes hashes that the offline verification computes too', async () => {
    const tenant = v7();
    for (let i = 0; i < 3; i++) await audit.record(recordFor(tenant, { runId: v7() }));
    expect(await verifyStoredAudit(database.db, tenant)).toEqual({ entries: 3, verified: true });
  });

  it('takes a message that was cut in the middle of an emoji', async () => {
    const tenant = v7();
    const half = 'it failed 😀'.slice(0, -1);
    await audit.record(recordFor(tenant, { subject: half, details: { message: half, nested: [half] } }));
    expect(await verifyStoredAudit(database.db, tenant)).toEqual({ entries: 1, verified: true });
  });

  it('keeps one gapless chain when many append at once', async () => {
    const tenant = v7();
    await Promise.all(Array.from({ length: 60 }, () => audit.record(recordFor(tenant))));
    expect(await verifyStoredAudit(database.db, tenant)).toEqual({ entries: 60, verified: true });
  });

  it('appends nothing when the transaction that it records rolls back, and leaves no gap', async () => {
    const tenant = v7();
    await audit.record(recordFor(tenant));
    const failed = database.db.transaction().execute(async (trx) => {
      await sql`select ${audit.append(recordFor(tenant))}`.execute(trx);
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    await audit.record(recordFor(tenant));
    expect(await verifyStoredAudit(database.db, tenant)).toEqual({ entries: 2, verified: true });
  });

  it('appends only when the guarded statement that it belongs to changes a row', async () => {
    const [tenant, workspace] = [v7(), v7()];
    await database.db.insertInto('connector.tenants').values({ id: tenant, name: tenant }).execute();
    await database.db
      .insertInto('connector.workspaces')
      .values({ id: workspace, tenant_id: tenant, name: 'a' })
      .execute();
    const rename = (from: string) =>
      sql`with done as (update connector.workspaces set name = 'b' where id = ${workspace} and name = ${from} returning id)
        select ${audit.append(recordFor(tenant))} as seq from done`.execute(database.db);
    expect((await rename('other')).rows).toEqual([]);
    expect(await readAuditHead(database.db, tenant)).toBeUndefined();
    expect((await rename('a')).rows).toEqual([{ seq: '1' }]);
  });

  it.each([
    'update connector.audit_entries set kind = kind',
    'delete from connector.audit_entries',
    'truncate connector.audit_entries',
    'update connector.audit_heads set seq = 0',
    'delete from connector.audit_heads',
    'truncate connector.audit_heads',
    `insert into connector.audit_entries select * from connector.audit_entries`,
  ])('refuses the runtime role: %s', async (statement) => {
    await audit.record(recordFor(v7()));
    await expect(sql.raw(statement).execute(database.db)).rejects.toMatchObject({ code: '42501' });
  });

  it.each([
    'update connector.audit_entries set kind = kind',
    'delete from connector.audit_entries',
    'truncate connector.audit_entries',
    'delete from connector.audit_heads',
    'truncate connector.audit_heads',
  ])('refuses even a superuser without the maintenance setting: %s (pitfall 54)', async (statement) => {
    await audit.record(recordFor(v7()));
    await expect(database.asOwner(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('does not let a session of one tenant write or read the chain of another', async () => {
    const [mine, other] = [v7(), v7()];
    await audit.record(recordFor(other));
    const write = database.store.withTenant(mine, (trx) => sql`select ${audit.append(recordFor(other))}`.execute(trx));
    await expect(write).rejects.toMatchObject({ code: '42501' });
    const read = database.store.withTenant(mine, (trx) => listAudit(trx, other, { limit: 10 }));
    expect(await read).toEqual([]);
  });

  it('exports a chain that verifies without the database, and not after a change', async () => {
    const tenant = v7();
    for (const text of ['a', 'b', 'c']) await audit.record(recordFor(tenant, { details: { text } }));
    const lines: string[] = [];
    for await (const line of exportAudit(database.db, tenant)) lines.push(line);
    const folder = await mkdtemp(join(tmpdir(), 'audit-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'chain.ndjson');
    await writeFile(file, lines.join(''));
    expect(await verifyAuditFile(file)).toMatchObject({ entries: 3, verified: true });
    await writeFile(file, lines.slice(0, -1).join(''));
    await expect(verifyAuditFile(file)).rejects.toMatchObject({ code: 'AUDIT_BROKEN', details: { seq: '3' } });
    await writeFile(file, lines.join('').replace('\\"b\\"', '\\"B\\"'));
    await expect(verifyAuditFile(file)).rejects.toMatchObject({ code: 'AUDIT_BROKEN', details: { seq: '2' } });
  });

  it('lists newest first, by run, a page at a time', async () => {
    const [tenant, run] = [v7(), v7()];
    for (const runId of [run, v7(), run]) await audit.record(recordFor(tenant, { runId }));
    const first = await listAudit(database.db, tenant, { runId: run, limit: 1 });
    expect(first.map((entry) => entry.seq)).toEqual(['3']);
    const next = await listAudit(database.db, tenant, { runId: run, limit: 5, before: '3' });
    expect(next.map((entry) => entry.seq)).toEqual(['1']);
  });

  it('keeps what belongs to no tenant in the chain of the deployment', async () => {
    await audit.record(recordFor(DEPLOYMENT));
    expect(await verifyStoredAudit(database.db, DEPLOYMENT)).toMatchObject({ verified: true });
  });
});
