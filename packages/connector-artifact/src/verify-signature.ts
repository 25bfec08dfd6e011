import { verify } from 'node:crypto';
import { ArtifactError } from './errors.ts';
import { littleEndian, type PublicKey, parsePublicKey } from './public-key.ts';

const SIGNATURE_BYTES = 64;

/** Order of the prime-order subgroup, RFC 8032, 5.1. */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/**
 * Verifies an Ed25519 signature and returns nothing; there is no boolean to forget.
 * @param publicKey raw 32 bytes, SPKI PEM, or a key from `parsePublicKey`.
 * @throws ArtifactError `ARTIFACT_SIGNATURE_INVALID` (wrong, wrong length, or S ≥ L, which would make a second valid
 * signature out of one), `ARTIFACT_KEY_INVALID`, `ARTIFACT_KEY_WEAK`.
 */
export function verifySignature(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: string | Uint8Array | PublicKey,
): void {
  const key = typeof publicKey === 'string' || publicKey instanceof Uint8Array ? parsePublicKey(publicKey) : publicKey;
  if (signature.length !== SIGNATURE_BYTES) throw invalid(key, `it has ${signature.length} bytes instead of 64`);
  if (littleEndian(signature.subarray(32)) >= GROUP_ORDER) throw invalid(key, 'its S is not reduced');
  if (!verify(null, message, key.keyObject, signature)) throw invalid(key, 'it does not fit the signed bytes');
}

function invalid(key: PublicKey, why: string): ArtifactError {
  return new ArtifactError('ARTIFACT_SIGNATURE_INVALID', `The signature of key ${key.keyId} is invalid: ${why}`, {
    details: { keyId: key.keyId },
  });
}
