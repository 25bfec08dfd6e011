import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { parsePublicKey, verifySignature } from '@org/connector-artifact';

/** HMAC with an empty or guessable secret verifies as well as any other; Standard Webhooks asks for 24. */
export const MIN_SECRET_BYTES = 16;

type Pieces = readonly (string | Uint8Array)[];

/** Compares in constant time. A secret under {@link MIN_SECRET_BYTES} never matches. */
export function verifyKeyedHash(
  algorithm: 'sha256' | 'sha512',
  key: Uint8Array,
  signed: Pieces,
  candidate: Uint8Array,
): boolean {
  const hmac = createHmac(algorithm, key);
  for (const piece of signed) hmac.update(piece);
  const expected = hmac.digest();
  return expected.length === candidate.length && timingSafeEqual(expected, candidate) && key.length >= MIN_SECRET_BYTES;
}

export function verifyEd25519(key: Uint8Array, signed: Pieces, candidate: Uint8Array): boolean {
  try {
    verifySignature(Buffer.concat(signed.map((piece) => Buffer.from(piece))), candidate, key);
    return true;
  } catch {
    // Wrong, weak and malformed are all the same here: not a match.
    return false;
  }
}

/** True for a key that Ed25519 signatures can be checked with: 32 bytes, canonical, not of small order. */
export function isEd25519Key(key: Uint8Array): boolean {
  try {
    parsePublicKey(key);
    return true;
  } catch {
    return false;
  }
}

/** The body is hashed too, though nothing is signed: a refusal then costs the same whatever the scheme. */
export function equalSharedSecret(secret: string, signed: Pieces, candidate: Uint8Array): boolean {
  spendVerification(signed);
  const expected = createHash('sha256').update(secret).digest();
  const given = createHash('sha256').update(candidate).digest();
  return timingSafeEqual(expected, given) && Buffer.byteLength(secret) >= MIN_SECRET_BYTES;
}

const DUMMY_SECRET = 'no endpoint has this secret, and nothing is compared with it';

/** The work of a verification with nothing to verify: an unknown endpoint takes as long as a wrong signature. */
export function spendVerification(signed: Pieces): void {
  const hmac = createHmac('sha256', DUMMY_SECRET);
  for (const piece of signed) hmac.update(piece);
  hmac.digest();
}
