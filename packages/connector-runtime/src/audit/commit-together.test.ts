import { type RawBuilder, sql } from 'kysely';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import type { AuditTrail } from '../types/audit.ts';
import { verifyStoredAudit } from './audit-export.ts';
import { createAuditTrail } from './audit-trail.ts';

let database: TestDatabase;
let audit: AuditTrail;
beforeAll(async () => {
  database = await createTestDatabase();
  audit = createAuditTrail({ db: database.db, clock: { now: () => 1_780_000_000_000 } });
});
afterAll(() => database.close());

/** A tenant that is made, as a change of any row; with `where`, only then. */
function makeTenant(tenantId: string, where: RawBuilder<unknown> = sql`true`) {
  const id = v7();
  const record = { tenantId, kind: 'test.made', actor: 'system', subject: id, details: {} };
  const change = sql`made as (insert into connector.tenants (id, name) select ${id}::uuid, ${id} where ${where} returning id)`;
  const done = audit.commit<{ id: string }>({ record, order: id, change, made: sql`id from made` });
  return { id, done };
}

async function committed(tenantId: string) {
  const { rows } = await sql<{ subject: string; transaction: string }>`
    select body::json ->> 'subject' as subject, xmin::text as transaction
    from connector.audit_entries where tenant_id = ${tenantId} order by seq`.execute(database.db);
  return rows;
}

async function exists(id: string): Promise<boolean> {
  return (await sql`select from connector.tenants where id = ${id}`.execute(database.db)).rows.length === 1;
}

describe('changes with their entries', () => {
  it('are committed together when they come together, in one chain', async () => {
    const tenant = v7();
    const changes = Array.from({ length: 40 }, () => makeTenant(tenant));
    const made = await Promise.all(changes.map(({ done }) => done));
    expect(made.map((row) => row?.id)).toEqual(changes.map(({ id }) => id));
    const entries = await committed(tenant);
    expect(entries.map(({ subject }) => subject).sort()).toEqual(changes.map(({ id }) => id).sort());
    // Two went at once by themselves; the others waited for them.
    expect(new Set(entries.map(({ transaction }) => transaction)).size).toBeLessThanOrEqual(4);
    expect(await verifyStoredAudit(database.db, tenant)).toEqual({ entries: 40, verified: true });
  });

  it('record nothing of a change that changed nothing, alone and among others', async () => {
    const tenant = v7();
    expect(await makeTenant(tenant, sql`false`).done).toBeUndefined();
    const changes = Array.from({ length: 12 }, (_, at) => makeTenant(tenant, at % 3 === 0 ? sql`false` : sql`true`));
    const made = await Promise.all(changes.map(({ done }) => done));
    expect(made.map((row) => row !== undefined)).toEqual(changes.map((_, at) => at % 3 !== 0));
    expect(await verifyStoredAudit(database.db, tenant)).toEqual({ entries: 8, verified: true });
  });

  it('keep a failure to the change that fails', async () => {
    const tenant = v7();
    const changes = Array.from({ length: 12 }, (_, at) => makeTenant(tenant, at === 7 ? sql`1 / 0 = 1` : sql`true`));
    const ends = await Promise.allSettled(changes.map(({ done }) => done));
    expect(ends.map(({ status }) => status)).toEqual(changes.map((_, at) => (at === 7 ? 'rejected' : 'fulfilled')));
    const there = await Promise.all(changes.map(({ id }) => exists(id)));
    expect(there).toEqual(changes.map((_, at) => at !== 7));
    expect(await verifyStoredAudit(database.db, tenant)).toEqual({ entries: 11, verified: true });
  });

  it('are not made when their entries can’t be', async () => {
    const tenant = v7();
    await database.asOwner('alter table connector.audit_entries add constraint full_up check (false) not valid');
    try {
      const changes = Array.from({ length: 6 }, () => makeTenant(tenant));
      const ends = await Promise.allSettled(changes.map(({ done }) => done));
      expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
      expect(await Promise.all(changes.map(({ id }) => exists(id)))).toEqual(changes.map(() => false));
    } finally {
      await database.asOwner('alter table connector.audit_entries drop constraint full_up');
    }
  });
});
