import { createHash } from 'node:crypto';
import { RuntimeError } from '../types/errors.ts';
import type { AuditEntry, AuditHead } from './audit-entry.ts';

const ZERO = '00'.repeat(32);

/**
 * Recomputes a whole chain, offline. Throws `AUDIT_BROKEN` with the first `seq` that is changed, missing, moved or added;
 * a tail that was cut off shows against `head`. A tenant without entries has no head.
 */
export async function verifyAuditChain(
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
  head: AuditHead | undefined,
): Promise<{ readonly entries: number; readonly verified: true }> {
  let last: AuditHead | undefined;
  let count = 0;
  for await (const entry of entries) {
    verifyLink(entry, last, BigInt(count) + 1n);
    last = entry;
    count += 1;
  }
  const end = last ?? { seq: '0', hash: ZERO };
  if (head !== undefined && (head.seq !== end.seq || head.hash !== end.hash)) {
    const next = String(BigInt(count) + 1n);
    throw broken(BigInt(head.seq) < BigInt(end.seq) ? head.seq : next, `the chain should end at entry ${head.seq}`);
  }
  if (head === undefined && count > 0) throw broken('1', 'its head is missing');
  return { entries: count, verified: true };
}

function verifyLink(entry: AuditEntry, last: AuditHead | undefined, seq: bigint): void {
  if (entry.seq !== String(seq)) throw broken(String(seq), `entry ${entry.seq} stands in its place`);
  if (last !== undefined && entry.tenantId !== last.tenantId) throw broken(entry.seq, 'it is of another tenant');
  if (entry.previousHash !== (last?.hash ?? ZERO)) throw broken(entry.seq, 'it does not follow the entry before it');
  if (entry.hash !== linkHash(entry)) throw broken(entry.seq, 'its content does not match its hash');
  const body = parseBody(entry);
  // The columns beside the body are for searching; they must not tell another story than what is hashed.
  if (body.kind !== entry.kind || body.runId !== entry.runId || body.tenantId !== entry.tenantId) {
    throw broken(entry.seq, 'its columns differ from its body');
  }
}

/** What an entry's hash must be, in hex. */
export function linkHash({ previousHash, seq, body }: Pick<AuditEntry, 'previousHash' | 'seq' | 'body'>): string {
  const position = Buffer.alloc(8);
  position.writeBigInt64BE(BigInt(seq));
  return createHash('sha256')
    .update(Buffer.from(previousHash, 'hex'))
    .update(position)
    .update(body, 'utf8')
    .digest('hex');
}

function parseBody({ body, seq }: AuditEntry): { kind?: unknown; runId?: unknown; tenantId?: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Reported below, like any other body that is not an object.
  }
  throw broken(seq, 'its body is not a JSON object');
}

function broken(seq: string, reason: string): RuntimeError {
  return new RuntimeError(
    'AUDIT_BROKEN',
    `The audit trail is broken at entry ${seq}: ${reason}. Compare with a backup or an earlier export`,
    { details: { seq } },
  );
}
