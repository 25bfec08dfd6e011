import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeySigner, generateKeyPair } from './key-pair.ts';
import { littleEndian, parsePublicKey } from './public-key.ts';
import { newSigner } from './test-artifact.ts';
import { verifySignature } from './verify-signature.ts';

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** RFC 8032, 7.1: the three Ed25519 vectors with messages of 0, 1 and 2 bytes. */
const RFC_8032 = [
  [
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;

/**
 * Public negative vectors: the small-order and non-canonical points of "Taming the many EdDSAs" (Chalkias, Garillot,
 * Nikolaenko, 2020), as libsodium's and ZIP 215's lists have them. The sign bit is set in the second half.
 */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

function encode(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}

describe('verifySignature', () => {
  it.each(RFC_8032)('accepts the vector of RFC 8032 for key %s', (key, message, signature) => {
    verifySignature(Buffer.from(message, 'hex'), Buffer.from(signature, 'hex'), Buffer.from(key, 'hex'));
  });

  it('accepts what our signer signed, and nothing else', async () => {
    const { privateKeyPem, publicKeyPem } = generateKeyPair();
    const signer = createKeySigner(privateKeyPem);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(511), async (message, bit) => {
        const signature = Uint8Array.from(await signer.sign(message));
        verifySignature(message, signature, publicKeyPem);
        signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => verifySignature(message, signature, publicKeyPem)).toThrow(
          expect.objectContaining({ code: 'ARTIFACT_SIGNATURE_INVALID' }),
        );
      }),
      { numRuns: 300 },
    );
  });

  it.each([0, 63, 65, 128])('refuses a signature of %i bytes', (length) => {
    const { publicKeyPem } = newSigner();
    expect(() => verifySignature(Buffer.from('m'), Buffer.alloc(length), publicKeyPem)).toThrow(
      expect.objectContaining({ code: 'ARTIFACT_SIGNATURE_INVALID' }),
    );
  });

  it('refuses S + L, the second spelling of a valid signature', async () => {
    const signer = newSigner();
    const signature = Buffer.from(await signer.sign(Buffer.from('m')));
    const malleable = Buffer.concat([signature.subarray(0, 32), encode(littleEndian(signature.subarray(32)) + L)]);
    expect(() => verifySignature(Buffer.from('m'), malleable, signer.publicKeyPem)).toThrow(
      expect.objectContaining({ code: 'ARTIFACT_SIGNATURE_INVALID' }),
    );
  });

  it('refuses the constant signature that OpenSSL 3.0 accepts for any message under a small-order key', () => {
    const identity = encode(1n);
    const constant = Buffer.concat([identity, Buffer.alloc(32)]);
    expect(() => verifySignature(Buffer.from('any message'), constant, identity)).toThrow(
      expect.objectContaining({ code: 'ARTIFACT_KEY_WEAK' }),
    );
  });
});

describe('parsePublicKey', () => {
  it.each(SMALL_ORDER)('refuses the weak key %s', (hex) => {
    expect(() => parsePublicKey(Buffer.from(hex, 'hex'))).toThrow(
      expect.objectContaining({ code: 'ARTIFACT_KEY_WEAK' }),
    );
  });

  it('knows every point of order 8 or less: those with y in the list, and no other, double three times to the identity', () => {
    const listed = new Set(SMALL_ORDER.map((hex) => littleEndian(Buffer.from(hex, 'hex')) & (2n ** 255n - 1n)));
    const small = [...listed].filter((y) => y < P);
    expect(small.filter(doublesThriceToIdentity)).toHaveLength(5);
    // y determines a point up to the sign of x, so 5 values stand for all 8 points of the torsion subgroup.
    expect(small).toHaveLength(5);
    expect(
      doublesThriceToIdentity(littleEndian(parsePublicKey(newSigner().publicKeyPem).raw) & (2n ** 255n - 1n)),
    ).toBe(false);
  });

  it('refuses every encoding of a y that is not below the prime', () => {
    for (let k = 0n; k < 19n; k += 1n) {
      for (const sign of [0n, 2n ** 255n]) {
        expect(() => parsePublicKey(encode(P + k + sign))).toThrow(
          expect.objectContaining({ code: 'ARTIFACT_KEY_WEAK' }),
        );
      }
    }
  });

  it('refuses private keys, other curves, certificates and junk', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ed448 = generateKeyPairSync('ed448');
    const pems = [rsa, ec, ed448].map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const junk = ['', 'x', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'];
    for (const pem of [...pems, ...junk, generateKeyPair().privateKeyPem]) {
      expect(() => parsePublicKey(pem)).toThrow(expect.objectContaining({ code: 'ARTIFACT_KEY_INVALID' }));
    }
    expect(() => parsePublicKey(new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'ARTIFACT_KEY_INVALID' }));
  });

  it('gives the raw form and the PEM of a key the same id', () => {
    const { publicKeyPem, keyId } = newSigner();
    expect(parsePublicKey(parsePublicKey(publicKeyPem).raw).keyId).toBe(keyId);
  });
});

function doublesThriceToIdentity(y: bigint): boolean {
  // y of 2Q from y of Q alone: x² = (y² - 1)/(d·y² + 1) on -x² + y² = 1 + d·x²·y² (RFC 8032, 5.1).
  const d = (-121665n * inverse(121666n)) % P;
  let value = y;
  for (let i = 0; i < 3; i += 1) {
    const y2 = (value * value) % P;
    const x2 = ((y2 - 1n) * inverse(d * y2 + 1n)) % P;
    value = modulo((y2 + x2) * inverse(1n - d * x2 * y2));
  }
  return value === 1n;
}

function modulo(value: bigint): bigint {
  return ((value % P) + P) % P;
}

function inverse(value: bigint): bigint {
  let [base, exponent, result] = [modulo(value), P - 2n, 1n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result;
}
