import type { Db } from '../types/database.ts';
import type { AuditEntry, AuditHead } from './audit-entry.ts';

export interface AuditPage {
  readonly runId?: string | undefined;
  readonly kind?: string | undefined;
  readonly limit: number;
  /** Only entries before this `seq`. */
  readonly before?: string | undefined;
}

const columns = ['tenant_id', 'seq', 'run_id', 'kind', 'body', 'previous_hash', 'hash'] as const;

/** Newest first. */
export async function listAudit(
  db: Db,
  tenantId: string,
  { runId, kind, limit, before }: AuditPage,
): Promise<AuditEntry[]> {
  let query = db.selectFrom('connector.audit_entries').select(columns).where('tenant_id', '=', tenantId);
  if (runId !== undefined) query = query.where('run_id', '=', runId);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (before !== undefined) query = query.where('seq', '<', before);
  return (await query.orderBy('seq', 'desc').limit(limit).execute()).map(toEntry);
}

/** Every entry of a tenant after `first` and up to `last`, oldest first, a page at a time. */
export async function* readAudit(db: Db, tenantId: string, last: string, first = '0'): AsyncGenerator<AuditEntry> {
  for (let seq = first; ; ) {
    const rows = await db
      .selectFrom('connector.audit_entries')
      .select(columns)
      .where('tenant_id', '=', tenantId)
      .where('seq', '>', seq)
      .where('seq', '<=', last)
      .orderBy('seq')
      .limit(1000)
      .execute();
    yield* rows.map(toEntry);
    const end = rows.at(-1);
    if (end === undefined || rows.length < 1000) return;
    seq = end.seq;
  }
}

/** Undefined for a tenant of whom nothing was recorded yet. */
export async function readAuditHead(db: Db, tenantId: string): Promise<AuditHead | undefined> {
  const row = await db
    .selectFrom('connector.audit_heads')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  return row && { tenantId: row.tenant_id, seq: row.seq, hash: row.hash.toString('hex') };
}

/** Every chain that there is: the deployment's own and each tenant's. */
export async function listAuditHeads(db: Db): Promise<AuditHead[]> {
  const rows = await db.selectFrom('connector.audit_heads').selectAll().orderBy('tenant_id').execute();
  return rows.map((row) => ({ tenantId: row.tenant_id, seq: row.seq, hash: row.hash.toString('hex') }));
}

/** Of one chain, or of all; oldest first. One line of JSON each. */
export async function readSignedHeads(db: Db, tenantId?: string): Promise<string[]> {
  let query = db.selectFrom('connector.audit_signed_heads').select('envelope').orderBy('tenant_id').orderBy('seq');
  if (tenantId !== undefined) query = query.where('tenant_id', '=', tenantId);
  return (await query.execute()).map(({ envelope }) => envelope);
}

/** The last of a chain; undefined for one of which nothing was signed yet. */
export async function readNewestSignedHead(db: Db, tenantId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('connector.audit_signed_heads')
    .select('envelope')
    .where('tenant_id', '=', tenantId)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.envelope;
}

/** The seals of a chain's segments, from its first entry on. */
export async function readSeals(db: Db, tenantId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('connector.audit_segments')
    .select('envelope')
    .where('tenant_id', '=', tenantId)
    .orderBy('last_seq')
    .execute();
  return rows.map(({ envelope }) => envelope);
}

interface EntryRow {
  tenant_id: string;
  seq: string;
  run_id: string | null;
  kind: string;
  body: string;
  previous_hash: Buffer;
  hash: Buffer;
}

const toEntry = (row: EntryRow): AuditEntry => ({
  tenantId: row.tenant_id,
  seq: row.seq,
  runId: row.run_id,
  kind: row.kind,
  body: row.body,
  previousHash: row.previous_hash.toString('hex'),
  hash: row.hash.toString('hex'),
});
