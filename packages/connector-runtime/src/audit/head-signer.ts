import type { PublicKey, Signer } from '@org/connector-artifact';
import { sql } from 'kysely';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import type { AuditHead } from './audit-entry.ts';
import { chainBroken } from './chain-break.ts';
import { readAudit, readNewestSignedHead } from './postgres-audit-store.ts';
import { CHAIN_START } from './sealed-segment.ts';
import { type SignedHead, signHead, verifySignedHead } from './signed-head.ts';
import { statementDigest } from './signed-statement.ts';
import { verifyAuditChain } from './verify-audit-chain.ts';

export interface HeadSigner {
  /** Signs the head of each chain that moved. Throws `AUDIT_BROKEN` for one that is not what was signed before; the others are signed. */
  signMoved(signal?: AbortSignal): Promise<void>;
}

export interface HeadSignerOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly signer: Signer;
  /** Of heads that were signed before: this signer's own, and those of earlier keys. */
  readonly keys: readonly PublicKey[];
  /** Is told each signed head after it is stored: one line of JSON, to be kept where the database's owner has no hand. */
  readonly onSignedHead: (envelope: string, head: SignedHead) => void | Promise<void>;
}

/** Any number of nodes may sign at once: a head follows one other, and the second that follows it is dropped. */
export function createHeadSigner(options: HeadSignerOptions): HeadSigner {
  const { db, clock, signer, keys, onSignedHead } = options;

  async function signOne(head: AuditHead): Promise<void> {
    const newest = await readNewestSignedHead(db, head.tenantId);
    const base = newest === undefined ? undefined : verifySignedHead(newest, keys);
    if (base?.seq === head.seq && base.hash === head.hash) return;
    if (base !== undefined && BigInt(head.seq) < BigInt(base.seq)) {
      const reason = `a signed head tells of entry ${base.seq}`;
      throw chainBroken({ kind: 'truncated', seq: String(BigInt(head.seq) + 1n), reason });
    }
    // Not what the database says, but what follows from what was signed before: a rewritten chain is not vouched for.
    const from = base ?? CHAIN_START;
    await verifyAuditChain(readAudit(db, head.tenantId, head.seq, from.seq), { head, base: from });
    const previous = newest === undefined ? '' : statementDigest(newest);
    const envelope = await signHead(head, { signer, previous, now: clock.now() });
    const { rows } = await sql`
      insert into connector.audit_signed_heads (tenant_id, seq, previous, envelope)
      values (${head.tenantId}, ${head.seq}, ${previous}, ${envelope})
      on conflict do nothing returning 1`.execute(db);
    if (rows.length === 1) await onSignedHead(envelope, verifySignedHead(envelope, keys));
  }

  return {
    async signMoved(signal) {
      let failure: unknown;
      for (const head of await readMovedHeads(db)) {
        if (signal?.aborted) return;
        try {
          await signOne(head);
        } catch (error) {
          failure ??= error;
        }
      }
      if (failure !== undefined) throw failure;
    },
  };
}

/** Heads of chains of which something is not signed yet; also of those that are shorter than what was signed. */
async function readMovedHeads(db: Db): Promise<AuditHead[]> {
  const { rows } = await sql<{ tenant_id: string; seq: string; hash: Buffer }>`
    select h.tenant_id, h.seq, h.hash from connector.audit_heads h
    where h.seq is distinct from
      (select max(s.seq) from connector.audit_signed_heads s where s.tenant_id = h.tenant_id)`.execute(db);
  return rows.map((row) => ({ tenantId: row.tenant_id, seq: row.seq, hash: row.hash.toString('hex') }));
}
