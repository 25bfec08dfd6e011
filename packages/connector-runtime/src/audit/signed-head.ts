import { createHash } from 'node:crypto';
import { type PublicKey, preAuthenticationEncoding, type Signer, verifySignature } from '@org/connector-artifact';
import { canonicalJson } from '@org/connector-sdk';
import { z } from 'zod';
import type { AuditHead } from './audit-entry.ts';
import { chainBroken } from './chain-break.ts';

/** Another type than artifacts have: a signature under one is none under the other. */
const PAYLOAD_TYPE = 'application/vnd.org.connector-audit-head+json';

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
const envelopeSchema = z.strictObject({
  payloadType: z.literal(PAYLOAD_TYPE),
  payload: z.base64(),
  signatures: z.tuple([z.strictObject({ keyid: z.string().regex(/^[0-9a-f]{64}$/), sig: z.base64() })]),
});

/** One line of JSON: a DSSE envelope. */
export async function signHead(
  { tenantId, seq, hash }: AuditHead,
  { signer, previous, now }: { readonly signer: Signer; readonly previous: string; readonly now: number },
): Promise<string> {
  const head = { headVersion: 1, tenantId, seq, hash, signedAt: new Date(now).toISOString(), previous };
  const payload = Buffer.from(canonicalJson(head));
  const message = preAuthenticationEncoding(payload, PAYLOAD_TYPE);
  const signature = await signer.sign(message);
  verifySignature(message, signature, signer.publicKeyPem);
  const sig = Buffer.from(signature).toString('base64');
  const signatures = [{ keyid: signer.keyId, sig }];
  return JSON.stringify({ payloadType: PAYLOAD_TYPE, payload: payload.toString('base64'), signatures });
}

/** What the next signed head has as its `previous`. */
export function headDigest(envelope: string): string {
  return createHash('sha256').update(envelope).digest('hex');
}

/** Verified before anything in it is believed. Throws `AUDIT_BROKEN`: `key-unknown` or `signature-bad`. */
export function verifySignedHead(envelope: string, keys: readonly PublicKey[]): SignedHead {
  const { payload, keyId, signature } = parseEnvelope(envelope);
  const key = keys.find((candidate) => candidate.keyId === keyId);
  if (key === undefined) {
    const reason = `a head is signed by the key ${keyId}, which was not given`;
    throw chainBroken({ kind: 'key-unknown', seq: '0', reason });
  }
  try {
    verifySignature(preAuthenticationEncoding(payload, PAYLOAD_TYPE), signature, key);
    const { headVersion: _, ...head } = payloadSchema.parse(JSON.parse(payload.toString('utf8')));
    return { ...head, keyId };
  } catch (cause) {
    throw badSignature(cause);
  }
}

function parseEnvelope(envelope: string): { payload: Buffer; keyId: string; signature: Buffer } {
  try {
    const { payload, signatures } = envelopeSchema.parse(JSON.parse(envelope));
    const [{ keyid, sig }] = signatures;
    return { payload: Buffer.from(payload, 'base64'), keyId: keyid, signature: Buffer.from(sig, 'base64') };
  } catch (cause) {
    throw badSignature(cause);
  }
}

function badSignature(cause: unknown) {
  const reason = 'a signed head is not what its key signed';
  return chainBroken({ kind: 'signature-bad', seq: '0', reason }, cause);
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
