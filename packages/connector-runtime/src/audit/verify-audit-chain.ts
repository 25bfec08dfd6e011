import { createHash } from 'node:crypto';
import type { RuntimeError } from '../types/errors.ts';
import type { AuditEntry } from './audit-entry.ts';
import { type ChainBreakKind, chainBroken } from './chain-break.ts';
import { CHAIN_START, type ChainPlace } from './sealed-segment.ts';
import type { SignedHead } from './signed-head.ts';

export interface ChainEvidence {
  /** Where the chain should end. A tenant without entries has none. */
  readonly head: ChainPlace | undefined;
  /** Heads whose signatures were verified: wherever they were kept, the chain has to go through them. */
  readonly signedHeads?: readonly SignedHead[];
  /** What the first entry follows, where it is not the chain's first. */
  readonly base?: ChainPlace;
}

/** Recomputes a chain, offline. Throws `AUDIT_BROKEN` with the first `seq` that is not what was written, and how. */
export async function verifyAuditChain(
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
  { head, signedHeads = [], base = CHAIN_START }: ChainEvidence,
): Promise<{ readonly entries: number; readonly verified: true }> {
  const passed = new Set<SignedHead>();
  let last: ChainPlace & { readonly tenantId?: string } = base;
  let count = 0;
  let misplaced: { readonly missing: string; readonly found: string } | undefined;
  for await (const entry of entries) {
    if (misplaced !== undefined) {
      if (entry.seq === misplaced.missing) throw outOfOrder(misplaced, 'reordered');
      continue;
    }
    const next = String(BigInt(last.seq) + 1n);
    if (BigInt(entry.seq) > BigInt(next)) {
      // Deleted, unless it comes later.
      misplaced = { missing: next, found: entry.seq };
      continue;
    }
    if (entry.seq !== next) throw outOfOrder({ missing: next, found: entry.seq }, 'inserted');
    verifyLink(entry, last);
    checkSignedHead(entry, signedHeads, passed);
    last = entry;
    count += 1;
  }
  if (misplaced !== undefined) throw outOfOrder(misplaced, 'deleted');
  verifyEnd(last, head, count);
  const beyond = signedHeads.find((signed) => !passed.has(signed) && BigInt(signed.seq) > BigInt(base.seq));
  if (beyond !== undefined) {
    throw broken('truncated', String(BigInt(last.seq) + 1n), `a signed head tells of entry ${beyond.seq}`);
  }
  return { entries: count, verified: true };
}

function outOfOrder({ missing, found }: { missing: string; found: string }, kind: ChainBreakKind): RuntimeError {
  return broken(kind, missing, `entry ${found} stands in its place`);
}

function verifyLink(entry: AuditEntry, last: Pick<ChainPlace, 'hash'> & { readonly tenantId?: string }): void {
  const { seq } = entry;
  if (last.tenantId !== undefined && entry.tenantId !== last.tenantId) {
    throw broken('inserted', seq, 'it is of another tenant');
  }
  if (entry.hash !== linkHash(entry)) throw broken('edited', seq, 'its content does not match its hash');
  if (entry.previousHash !== last.hash) throw broken('edited', seq, 'it does not follow the entry before it');
  const body = parseBody(entry);
  // The columns beside the body are for searching; they must not tell another story than what is hashed.
  if (body.kind !== entry.kind || body.runId !== entry.runId || body.tenantId !== entry.tenantId) {
    throw broken('edited', seq, 'its columns differ from its body');
  }
}

function verifyEnd(end: ChainPlace, head: ChainEvidence['head'], count: number): void {
  if (head === undefined) {
    if (count > 0) throw broken('head-missing', end.seq, 'the head of its chain is missing');
    return;
  }
  const reason = `the chain should end at entry ${head.seq}`;
  if (BigInt(head.seq) > BigInt(end.seq)) throw broken('truncated', String(BigInt(end.seq) + 1n), reason);
  if (BigInt(head.seq) < BigInt(end.seq)) throw broken('inserted', String(BigInt(head.seq) + 1n), reason);
  if (head.hash !== end.hash) throw broken('rewritten', end.seq, 'its hash is not the one of the head');
}

/** The chain can be whole and yet another one than was signed. */
function checkSignedHead(entry: AuditEntry, signedHeads: readonly SignedHead[], passed: Set<SignedHead>): void {
  for (const signed of signedHeads) {
    if (signed.seq !== entry.seq) continue;
    if (signed.hash !== entry.hash || signed.tenantId !== entry.tenantId) {
      throw broken('rewritten', entry.seq, `the head that was signed at ${signed.signedAt} has another hash`);
    }
    passed.add(signed);
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
  throw broken('edited', seq, 'its body is not a JSON object');
}

const broken = (kind: ChainBreakKind, seq: string, reason: string): RuntimeError => chainBroken({ kind, seq, reason });
