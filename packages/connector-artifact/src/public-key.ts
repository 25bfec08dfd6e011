import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { ArtifactError } from './errors.ts';

const KEY_BYTES = 32;

/** An Ed25519 public key that passed the checks below. */
export interface PublicKey {
  /** SHA-256 of the SubjectPublicKeyInfo DER, 64 lowercase hex digits. */
  readonly keyId: string;
  /** The 32 bytes of RFC 8032, 5.1.2. */
  readonly raw: Uint8Array;
  readonly pem: string;
  readonly keyObject: KeyObject;
}

/**
 * Reads an Ed25519 public key: SPKI PEM, or the raw 32 bytes.
 * @throws ArtifactError `ARTIFACT_KEY_INVALID` for anything else (a private key or a certificate included),
 * `ARTIFACT_KEY_WEAK` for a point of small order or an encoding that is not canonical.
 */
export function parsePublicKey(key: string | Uint8Array): PublicKey {
  const keyObject = typeof key === 'string' ? fromPem(key) : fromRaw(key);
  const spki = keyObject.export({ type: 'spki', format: 'der' });
  const raw = Uint8Array.from(spki.subarray(-KEY_BYTES));
  checkPoint(raw);
  return {
    keyId: createHash('sha256').update(spki).digest('hex'),
    raw,
    pem: keyObject.export({ type: 'spki', format: 'pem' }).toString(),
    keyObject,
  };
}

function fromPem(pem: string): KeyObject {
  // createPublicKey would also take a private key or a certificate and derive a public key from it.
  if (!/^-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END PUBLIC KEY-----\s*$/.test(pem)) throw invalidKey();
  let key: KeyObject;
  try {
    key = createPublicKey({ key: pem, format: 'pem', type: 'spki' });
  } catch (cause) {
    throw invalidKey(cause);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw invalidKey();
  return key;
}

function fromRaw(raw: Uint8Array): KeyObject {
  if (raw.length !== KEY_BYTES) throw invalidKey();
  const x = Buffer.from(raw).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

function invalidKey(cause?: unknown): ArtifactError {
  return new ArtifactError(
    'ARTIFACT_KEY_INVALID',
    'Not an Ed25519 public key; give the `-----BEGIN PUBLIC KEY-----` file that `connector keygen` wrote',
    { cause },
  );
}

const FIELD_PRIME = 2n ** 255n - 19n;

/**
 * y-coordinates of the eight points whose order divides 8 (each stands for both signs of x): 0 (order 4), 1 (order 1),
 * p - 1 (order 2) and the two of order 8. Under such a key one constant signature verifies for any message: OpenSSL
 * 3.0 accepts it (checked with 3.0.19), 3.5 does not (3.5.8), and this must not depend on which one Node was built with.
 * Source: Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs" (2020), table 1.
 */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  FIELD_PRIME - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);

function checkPoint(raw: Uint8Array): void {
  const y = littleEndian(raw) & (2n ** 255n - 1n);
  if (y >= FIELD_PRIME) throw weakKey('its encoding is not canonical');
  if (SMALL_ORDER_Y.has(y)) throw weakKey('it is a point of small order');
}

function weakKey(why: string): ArtifactError {
  return new ArtifactError(
    'ARTIFACT_KEY_WEAK',
    `The Ed25519 public key proves nothing: ${why}; ask its publisher for a new key`,
  );
}

/** The integer that `bytes` encode, least significant byte first. */
export function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`);
}
