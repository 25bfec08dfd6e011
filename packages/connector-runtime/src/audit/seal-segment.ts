import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublicKey, Signer } from '@org/connector-artifact';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import { verifyAuditFile, verifyStoredAudit, writeExport } from './audit-export.ts';
import { auditBody } from './audit-trail.ts';
import { readAudit, readSeals } from './postgres-audit-store.ts';
import { CHAIN_START, type ChainPlace, type SealedSegment, signSegment, verifySegments } from './sealed-segment.ts';
import type { SignedHead } from './signed-head.ts';
import { statementDigest } from './signed-statement.ts';

/** A connection as the owner of the schema. */
interface OwnerConnection {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }>;
}

export interface SealPorts {
  readonly db: Db;
  readonly owner: OwnerConnection;
  readonly signer: Signer;
  /** Of this signer and of earlier ones. */
  readonly keys: readonly PublicKey[];
  readonly clock: Clock;
  /** Where files of segments are written. */
  readonly folder: string;
  /** Who seals, for the audit. */
  readonly by: string;
}

export interface SealRequest {
  readonly tenantId: string;
  /** Milliseconds since 1970: only entries before it. */
  readonly before: number;
  /** The verified heads of this chain; nothing is sealed that is not behind one of them. */
  readonly signed: readonly SignedHead[];
}

export interface Sealed {
  readonly tenantId: string;
  readonly file: string;
  readonly first: string;
  readonly last: string;
  readonly entries: number;
}

/**
 * Writes the oldest entries of a chain to a file, seals them, and deletes them here once the file was read back and verified.
 * Undefined where there are none. Throws `AUDIT_BROKEN` for a chain that is not what was signed, `AUDIT_SEAL_BUSY` while somebody
 * else seals it: then nothing is deleted.
 */
export async function sealSegment(request: SealRequest, ports: SealPorts): Promise<Sealed | undefined> {
  const { tenantId } = request;
  const lock = [`audit-seal:${tenantId}`];
  const { rows } = await ports.owner.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as held', lock);
  if (!(rows[0] as { held: boolean }).held) {
    throw new RuntimeError(
      'AUDIT_SEAL_BUSY',
      `the chain of ${tenantId} is being sealed by somebody else: wait for them`,
    );
  }
  try {
    return await seal(request, ports);
  } finally {
    await ports.owner.query('select pg_advisory_unlock(hashtextextended($1, 0))', lock);
  }
}

async function seal(request: SealRequest, ports: SealPorts): Promise<Sealed | undefined> {
  const { tenantId, signed } = request;
  const { db, signer, keys, clock, folder } = ports;
  await verifyStoredAudit(db, tenantId, { signed, keys });
  const seals = await readSeals(db, tenantId);
  const base = verifySegments(seals, keys).at(-1)?.end ?? CHAIN_START;
  const end = await findEnd(db, base, request);
  if (end === undefined) return undefined;
  const newest = seals.at(-1);
  const segment = { tenantId, base, end, previous: newest === undefined ? '' : statementDigest(newest) };
  const envelope = await signSegment(segment, { signer, now: clock.now() });
  const first = String(BigInt(base.seq) + 1n);
  const file = join(folder, `${tenantId}-${first}-${end.seq}.ndjson`);
  const header = { head: { tenantId, ...end }, base, seals: [...seals, envelope] };
  await writeDurably(file, writeExport(db, header));
  const { entries } = await verifyAuditFile(file, { signed, keys });
  const sealed = { tenantId, file, first, last: end.seq, entries };
  await moveOut(sealed, segment, envelope, ports);
  return sealed;
}

/** The last entry that is old enough, with none before it that is not; at the newest signed head at the latest. */
async function findEnd(
  db: Db,
  base: ChainPlace,
  { tenantId, before, signed }: SealRequest,
): Promise<ChainPlace | undefined> {
  const last = signed.reduce((most, { seq }) => (BigInt(seq) > BigInt(most) ? seq : most), '0');
  let end: ChainPlace | undefined;
  for await (const { seq, hash, body } of readAudit(db, tenantId, last, base.seq)) {
    const { at } = JSON.parse(body) as { readonly at?: unknown };
    if (typeof at !== 'string' || Date.parse(at) >= before) break;
    end = { seq, hash };
  }
  return end;
}

/** Whole and on the disk, or not there under its name. */
async function writeDurably(path: string, lines: AsyncIterable<string>): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, 'w', 0o600);
  try {
    for await (const line of lines) await file.write(line);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  const folder = await open(join(path, '..'), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** One transaction: the seal, its entry in the chain, and the entries that leave. */
async function moveOut(
  { tenantId, first, last, entries }: Sealed,
  { base, end, previous }: Pick<SealedSegment, 'base' | 'end' | 'previous'>,
  envelope: string,
  { owner, signer, clock, by }: SealPorts,
): Promise<void> {
  const details = { first, last, entries, base: base.hash, end: end.hash, key: signer.keyId };
  const body = auditBody(
    { tenantId, kind: 'audit.sealed', actor: by, subject: `audit:${tenantId}`, details },
    clock.now(),
  );
  await owner.query('begin');
  try {
    await owner.query(
      `select set_config('connector.tenant', '*', true), set_config('connector.audit_sealing', 'on', true)`,
    );
    await owner.query(
      `insert into connector.audit_segments (tenant_id, first_seq, last_seq, previous, envelope) values ($1, $2, $3, $4, $5)`,
      [tenantId, first, last, previous, envelope],
    );
    const gone = await owner.query('delete from connector.audit_entries where tenant_id = $1 and seq <= $2', [
      tenantId,
      last,
    ]);
    if (gone.rowCount !== entries) throw new Error(`${gone.rowCount} entries would leave, and ${entries} were written`);
    await owner.query('select connector.audit_append($1::uuid, null, $2, $3)', [tenantId, 'audit.sealed', body]);
    await owner.query('commit');
  } catch (error) {
    await owner.query('rollback');
    throw error;
  }
}
