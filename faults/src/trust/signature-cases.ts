import { createHash, randomBytes } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { ArtifactError, verifySignature } from '@org/connector-artifact';

const { Point } = ed25519;
const L = Point.Fn.ORDER;
const P = Point.Fp.ORDER;
type CurvePoint = InstanceType<typeof Point>;

interface SignatureCase {
  readonly what: string;
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Signatures that some verifiers take and ours must not, made new each time after the conditions of "Taming the many EdDSAs"
 * (Chalkias, Garillot, Nikolaenko, 2020, table 5) and the invalid classes of Wycheproof's Ed25519 vectors: small-order keys
 * and commitments, encodings that are not canonical, torsion that only the equation with the cofactor forgives, S beyond L.
 */
export function* forgedSignatures(random: () => number, each: number): Generator<SignatureCase> {
  const below = (limit: number) => Math.floor(random() * limit);
  for (let i = 0; i < each; i += 1) {
    const secret = scalar();
    const key = Point.BASE.multiply(secret);
    const torsion = torsionPoints[1 + below(7)] ?? Point.ZERO;
    yield { what: 'S + n·L', ...honest(secret, 1n + BigInt(below(14))) };
    yield smallOrderKey(torsionPoints[below(8)] ?? Point.ZERO);
    yield smallOrderKey(Point.ZERO, NON_CANONICAL_IDENTITY);
    yield {
      what: 'a torsion part in the key',
      ...signed(secret, key.add(torsion), (k) => torsion.multiplyUnsafe(k % 8n).is0()),
    };
    yield { what: 'a torsion part in R', ...signed(secret, key, () => false, torsion) };
    yield { what: 'an R that is not canonical', ...nonCanonicalR(secret, key) };
    yield* damaged(honest(secret), below);
  }
}

/** Why a signature is refused; `undefined` when it is taken. */
export function refusalOf({ key, message, signature }: SignatureCase): string | undefined {
  try {
    verifySignature(message, signature, key);
    return undefined;
  } catch (error) {
    return error instanceof ArtifactError ? error.code : `unexpected: ${String(error)}`;
  }
}

/** What must be taken: a verifier that refuses everything would pass. */
export function* honestSignatures(each: number): Generator<SignatureCase> {
  for (let i = 0; i < each; i += 1) yield { what: 'an honest signature', ...honest(scalar()) };
}

const ORDER_8 = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
const torsionPoints = Array.from({ length: 8 }, (_, n) => (n === 0 ? Point.ZERO : ORDER_8.multiplyUnsafe(BigInt(n))));

/** y = p + 1 stands for y = 1. */
const NON_CANONICAL_IDENTITY = encode(P + 1n);

function honest(secret: bigint, beyond = 0n): Omit<SignatureCase, 'what'> {
  return signed(secret, Point.BASE.multiply(secret), () => true, Point.ZERO, beyond);
}

/** S = r + k·a for a random r and a message for which `forgiven(k)` is as asked. */
function signed(
  secret: bigint,
  key: CurvePoint,
  forgiven: (k: bigint) => boolean,
  torsionInR: CurvePoint = Point.ZERO,
  beyond = 0n,
): Omit<SignatureCase, 'what'> {
  const isForged = !key.equals(Point.BASE.multiply(secret)) || !torsionInR.is0();
  for (;;) {
    const message = randomBytes(32);
    const nonce = scalar();
    const commitment = Point.BASE.multiply(nonce).add(torsionInR).toBytes();
    const k = challenge(commitment, key.toBytes(), message);
    // Without the cofactor, this one would be a valid signature.
    if (isForged && torsionInR.is0() && forgiven(k)) continue;
    const s = ((nonce + k * secret) % L) + beyond * L;
    return { key: key.toBytes(), message, signature: Buffer.concat([commitment, encode(s)]) };
  }
}

/** Under a key of small order, S·B = R + k·A holds for whoever finds a message with k·A = 0: no secret is needed. */
function smallOrderKey(point: CurvePoint, encoded: Uint8Array = point.toBytes()): SignatureCase {
  for (;;) {
    const message = randomBytes(32);
    const nonce = scalar();
    const commitment = Point.BASE.multiply(nonce).toBytes();
    const k = challenge(commitment, encoded, message) % 8n;
    if (k !== 0n && !point.multiplyUnsafe(k).is0()) continue;
    const signature = Buffer.concat([commitment, encode(nonce)]);
    return { what: 'a key of small order', key: encoded, message, signature };
  }
}

/** R is the identity, spelt as y = p + 1; S = k·a, so that the equation itself holds. */
function nonCanonicalR(secret: bigint, key: CurvePoint): Omit<SignatureCase, 'what'> {
  const message = randomBytes(32);
  const k = challenge(NON_CANONICAL_IDENTITY, key.toBytes(), message);
  const s = (k * secret) % L;
  return { key: key.toBytes(), message, signature: Buffer.concat([NON_CANONICAL_IDENTITY, encode(s)]) };
}

function* damaged(good: Omit<SignatureCase, 'what'>, below: (limit: number) => number): Generator<SignatureCase> {
  const { key, message, signature } = good;
  const flipped = Uint8Array.from(signature);
  const at = below(64);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << below(8));
  yield { what: 'a changed bit', key, message, signature: flipped };
  yield { what: 'another message', key, message: Buffer.concat([message, Buffer.of(0)]), signature };
  yield { what: 'another key', key: Point.BASE.multiply(scalar()).toBytes(), message, signature };
  yield { what: 'a byte too few', key, message, signature: signature.subarray(0, 63) };
  yield { what: 'a byte too many', key, message, signature: Buffer.concat([signature, Buffer.of(0)]) };
  yield { what: 'no bytes', key, message, signature: new Uint8Array() };
  yield { what: 'S = 0', key, message, signature: Buffer.concat([signature.subarray(0, 32), Buffer.alloc(32)]) };
  yield { what: 'S = L', key, message, signature: Buffer.concat([signature.subarray(0, 32), encode(L)]) };
  yield { what: 'zeros', key, message, signature: Buffer.alloc(64) };
  yield { what: 'ones', key, message, signature: Buffer.alloc(64, 0xff) };
}

function challenge(commitment: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  const hash = createHash('sha512').update(commitment).update(key).update(message).digest();
  return BigInt(`0x${hash.reverse().toString('hex')}`) % L;
}

function scalar(): bigint {
  return (BigInt(`0x${randomBytes(40).toString('hex')}`) % (L - 1n)) + 1n;
}

function encode(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}
