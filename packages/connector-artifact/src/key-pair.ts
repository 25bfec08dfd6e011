import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import nacl from 'tweetnacl';
import { ArtifactError } from './errors.ts';
import { parsePublicKey } from './public-key.ts';

const MIN_PASSPHRASE_CHARACTERS = 12;

/** A new Ed25519 key pair as PEM texts: PKCS#8 (RFC 8410; encrypted when a passphrase was given) and SPKI. */
export interface KeyPair {
  readonly keyId: string;
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

/** Whatever can sign for a key: a key file, or a KMS or hardware token that the key never leaves. */
export interface Signer {
  readonly keyId: string;
  readonly publicKeyPem: string;
  /** The 64-byte Ed25519 signature (RFC 8032, "pure") of exactly these bytes. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/**
 * Makes an Ed25519 key pair.
 * @param options.passphrase encrypts the private key (PBES2, PBKDF2 with HMAC-SHA-256, AES-256-CBC). OpenSSL derives
 * with 2,048 rounds only, so at least 12 characters are asked for.
 * @throws ArtifactError `ARTIFACT_KEY_INVALID` when the passphrase is shorter.
 */
export function generateKeyPair(options: { readonly passphrase?: string | undefined } = {}): KeyPair {
  const { passphrase } = options;
  if (passphrase !== undefined && passphrase.length < MIN_PASSPHRASE_CHARACTERS) {
    throw new ArtifactError('ARTIFACT_KEY_INVALID', 'The passphrase is too short; use at least 12 characters');
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const { keyId, pem } = parsePublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString());
  return {
    keyId,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString(),
    publicKeyPem: pem,
  };
}

/**
 * A signer from a private key's PEM text.
 * @throws ArtifactError `ARTIFACT_PASSPHRASE_WRONG` when the key is encrypted and the passphrase is missing or wrong,
 * `ARTIFACT_KEY_INVALID` when it is no Ed25519 private key.
 */
export function createKeySigner(privateKeyPem: string, passphrase?: string): Signer {
  const { seed, publicKey } = readPrivateKey(privateKeyPem, passphrase);
  const { keyId, pem } = parsePublicKey(publicKey);
  const { secretKey } = nacl.sign.keyPair.fromSeed(seed);
  return { keyId, publicKeyPem: pem, sign: (message) => nacl.sign.detached(message, secretKey) };
}

function readPrivateKey(pem: string, passphrase: string | undefined): { seed: Uint8Array; publicKey: Uint8Array } {
  const encrypted = /^-----BEGIN ENCRYPTED PRIVATE KEY-----/.test(pem);
  if (!encrypted && !/^-----BEGIN PRIVATE KEY-----/.test(pem)) throw invalidKey();
  if (encrypted && passphrase === undefined) throw wrongPassphrase();
  let key: KeyObject;
  try {
    key = createPrivateKey({
      key: pem,
      format: 'pem',
      ...(encrypted && passphrase !== undefined ? { passphrase } : {}),
    });
  } catch {
    // The cause is left out on purpose: OpenSSL's text says nothing to the reader, and it dealt with the secret.
    throw encrypted ? wrongPassphrase() : invalidKey();
  }
  const { crv, d, x } = key.asymmetricKeyType === 'ed25519' ? key.export({ format: 'jwk' }) : {};
  if (crv !== 'Ed25519' || d === undefined || x === undefined) throw invalidKey();
  return {
    seed: Uint8Array.from(Buffer.from(d, 'base64url')),
    publicKey: Uint8Array.from(Buffer.from(x, 'base64url')),
  };
}

function wrongPassphrase(): ArtifactError {
  return new ArtifactError(
    'ARTIFACT_PASSPHRASE_WRONG',
    'The private key is encrypted and its passphrase is missing or wrong; pass the one it was made with',
  );
}

function invalidKey(): ArtifactError {
  return new ArtifactError(
    'ARTIFACT_KEY_INVALID',
    'Not an Ed25519 private key; give the `-----BEGIN (ENCRYPTED) PRIVATE KEY-----` file that `connector keygen` wrote',
  );
}
