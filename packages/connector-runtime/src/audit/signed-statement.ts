import { createHash } from 'node:crypto';
import { type PublicKey, preAuthenticationEncoding, type Signer, verifySignature } from '@org/connector-artifact';
import { canonicalJson } from '@org/connector-sdk';
import { z } from 'zod';
import { chainBroken } from './chain-break.ts';

const envelopeSchema = z.strictObject({
  payloadType: z.string(),
  payload: z.base64(),
  signatures: z.tuple([z.strictObject({ keyid: z.string().regex(/^[0-9a-f]{64}$/), sig: z.base64() })]),
});

/** What is signed about a chain. A signature under one type is none under another, nor one of an artifact. */
export interface StatementType<T> {
  readonly payloadType: string;
  readonly schema: z.ZodType<T>;
  /** In words: "a signed head". */
  readonly called: string;
}

/** One line of JSON: a DSSE envelope with one signature. */
export async function signStatement(
  statement: object,
  { payloadType }: Pick<StatementType<unknown>, 'payloadType'>,
  signer: Signer,
) {
  const payload = Buffer.from(canonicalJson(statement));
  const message = preAuthenticationEncoding(payload, payloadType);
  const signature = await signer.sign(message);
  verifySignature(message, signature, signer.publicKeyPem);
  const signatures = [{ keyid: signer.keyId, sig: Buffer.from(signature).toString('base64') }];
  return JSON.stringify({ payloadType, payload: payload.toString('base64'), signatures });
}

/** Verified before anything in it is believed. Throws `AUDIT_BROKEN`: `key-unknown` or `signature-bad`. */
export function openStatement<T>(
  envelope: string,
  { payloadType, schema, called }: StatementType<T>,
  keys: readonly PublicKey[],
): T & { readonly keyId: string } {
  const bad = (cause: unknown) =>
    chainBroken({ kind: 'signature-bad', seq: '0', reason: `${called} is not what its key signed` }, cause);
  const { payload, keyId, signature } = parseEnvelope();
  const key = keys.find((candidate) => candidate.keyId === keyId);
  if (key === undefined) {
    const reason = `${called} is signed by the key ${keyId}, which was not given`;
    throw chainBroken({ kind: 'key-unknown', seq: '0', reason });
  }
  try {
    verifySignature(preAuthenticationEncoding(payload, payloadType), signature, key);
    return { ...schema.parse(JSON.parse(payload.toString('utf8'))), keyId };
  } catch (cause) {
    throw bad(cause);
  }

  function parseEnvelope() {
    try {
      const given = envelopeSchema.parse(JSON.parse(envelope));
      if (given.payloadType !== payloadType) throw new Error(`its type is ${given.payloadType}`);
      const [{ keyid, sig }] = given.signatures;
      return { payload: Buffer.from(given.payload, 'base64'), keyId: keyid, signature: Buffer.from(sig, 'base64') };
    } catch (cause) {
      throw bad(cause);
    }
  }
}

/** What the next statement of its kind has as its `previous`. */
export function statementDigest(envelope: string): string {
  return createHash('sha256').update(envelope).digest('hex');
}
