import type { PublicKey, Signer } from '@org/connector-artifact';
import { z } from 'zod';
import type { AuditHead } from './audit-entry.ts';
import { chainBroken } from './chain-break.ts';
import { openStatement, type StatementType, signStatement, statementDigest } from './signed-statement.ts';

/** A place in a chain: after so many entries. */
export type ChainPlace = Pick<AuditHead, 'seq' | 'hash'>;

/** Before a chain's first entry. */
export const CHAIN_START: ChainPlace = { seq: '0', hash: '00'.repeat(32) };

/** A part of a chain that a key vouches for, and that may be kept elsewhere than the rest. */
export interface SealedSegment {
  readonly tenantId: string;
  /** Where it begins, and where it ends: its entries are those between. */
  readonly base: ChainPlace;
  readonly end: ChainPlace;
  /** ISO 8601, by the signer's clock. */
  readonly sealedAt: string;
  /** Digest of the seal before it; empty for a chain's first. */
  readonly previous: string;
  readonly keyId: string;
}

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const payloadSchema = z.strictObject({
  segmentVersion: z.literal(1),
  tenantId: z.uuid(),
  base: z.strictObject({ seq: z.string().regex(/^(?:0|[1-9]\d{0,18})$/), hash }),
  end: z.strictObject({ seq: z.string().regex(/^[1-9]\d{0,18}$/), hash }),
  sealedAt: z.iso.datetime(),
  previous: z.string().regex(/^(?:[0-9a-f]{64})?$/),
});

const SEGMENT: StatementType<z.infer<typeof payloadSchema>> = {
  payloadType: 'application/vnd.org.connector-audit-segment+json',
  schema: payloadSchema,
  called: 'the seal of a segment',
};

/** The hashes of its ends bind every entry between them. One line of JSON: a DSSE envelope. */
export function signSegment(
  segment: Pick<SealedSegment, 'tenantId' | 'base' | 'end' | 'previous'>,
  { signer, now }: { readonly signer: Signer; readonly now: number },
): Promise<string> {
  return signStatement({ segmentVersion: 1, ...segment, sealedAt: new Date(now).toISOString() }, SEGMENT, signer);
}

/**
 * The seals of one chain, from its first entry on. Throws `AUDIT_BROKEN`: for a signature, or `segments-broken` where one does not
 * follow the one before it.
 */
export function verifySegments(envelopes: readonly string[], keys: readonly PublicKey[]): readonly SealedSegment[] {
  const segments: SealedSegment[] = [];
  let previous = '';
  for (const envelope of envelopes) {
    const { segmentVersion: _, ...segment } = openStatement(envelope, SEGMENT, keys);
    const last = segments.at(-1);
    const follows =
      isSame(segment.base, last?.end ?? CHAIN_START) &&
      segment.previous === previous &&
      segment.tenantId === (last?.tenantId ?? segment.tenantId) &&
      BigInt(segment.end.seq) > BigInt(segment.base.seq);
    if (!follows) {
      const reason = 'a sealed segment does not follow the one before it';
      throw chainBroken({ kind: 'segments-broken', seq: String(BigInt(last?.end.seq ?? '0') + 1n), reason });
    }
    segments.push(segment);
    previous = statementDigest(envelope);
  }
  return segments;
}

export function isSame(one: ChainPlace, other: ChainPlace): boolean {
  return one.seq === other.seq && one.hash === other.hash;
}
