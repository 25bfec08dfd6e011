import type { PublicKey, Signer } from '@org/connector-artifact';
import { z } from 'zod';
import type { AuditHead } from './audit-entry.ts';
import { chainBroken } from './chain-break.ts';
import { openStatement, type StatementType, signStatement } from './signed-statement.ts';

/** A head that a key vouches for: so many entries, ending in this hash, at this time. */
export interface SignedHead extends AuditHead {
  /** ISO 8601, by the signer's clock. */
  readonly signedAt: string;
  /** Digest of the signed head before it; empty for a chain's first. */
  readonly previous: string;
  readonly keyId: string;
}

const payloadSchema = z.strictObject({
  headVersion: z.literal(1),
  tenantId: z.uuid(),
  seq: z.string().regex(/^[1-9]\d{0,18}$/),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  signedAt: z.iso.datetime(),
  previous: z.string().regex(/^(?:[0-9a-f]{64})?$/),
});

const HEAD: StatementType<z.infer<typeof payloadSchema>> = {
  payloadType: 'application/vnd.org.connector-audit-head+json',
  schema: payloadSchema,
  called: 'a signed head',
};

/** One line of JSON: a DSSE envelope. */
export function signHead(
  { tenantId, seq, hash }: AuditHead,
  { signer, previous, now }: { readonly signer: Signer; readonly previous: string; readonly now: number },
): Promise<string> {
  const head = { headVersion: 1, tenantId, seq, hash, signedAt: new Date(now).toISOString(), previous };
  return signStatement(head, HEAD, signer);
}

/** Verified before anything in it is believed. Throws `AUDIT_BROKEN`: `key-unknown` or `signature-bad`. */
export function verifySignedHead(envelope: string, keys: readonly PublicKey[]): SignedHead {
  const { headVersion: _, ...head } = openStatement(envelope, HEAD, keys);
  return head;
}

/**
 * All signed heads of one or several chains, verified. Given twice (in the database and elsewhere) one counts once.
 * Throws `AUDIT_BROKEN`, also where two follow the same one: then somebody signed two stories.
 */
export function verifySignedHeads(envelopes: readonly string[], keys: readonly PublicKey[]): SignedHead[] {
  const followers = new Map<string, string>();
  return [...new Set(envelopes)].map((envelope) => {
    const head = verifySignedHead(envelope, keys);
    const place = `${head.tenantId} ${head.previous}`;
    if (followers.has(place)) {
      const reason = `two signed heads of tenant ${head.tenantId} follow the same one`;
      throw chainBroken({ kind: 'heads-forked', seq: head.seq, reason });
    }
    followers.set(place, envelope);
    return head;
  });
}
