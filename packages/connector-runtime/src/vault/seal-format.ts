import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { canonicalJson } from '@org/connector-sdk';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Sealed by the key's first version, before sealed values named it. */
const UNNAMED = 1;
const NAMED = 2;

/** Header, nonce, ciphertext, tag. The nonce is random: one key seals far fewer than 2^32 values. */
export function encrypt(key: KeyObject, header: Buffer, context: readonly unknown[], plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(associatedData(context));
  return Buffer.concat([header, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined when it does not open under this key and context. */
export function decrypt(
  key: KeyObject,
  headerBytes: number,
  context: readonly unknown[],
  sealed: Buffer,
): Buffer | undefined {
  const body = sealed.subarray(headerBytes);
  if (body.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, body.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(associatedData(context))
    .setAuthTag(body.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

export interface SealedValue {
  /** Which of the tenant's keys sealed it. */
  readonly version: number;
  open(key: KeyObject, context: readonly unknown[]): Buffer | undefined;
}

/** Format byte 2, the key's version in four bytes, then as {@link encrypt} writes. The format and version are authenticated. */
export function sealUnder(key: KeyObject, version: number, context: readonly unknown[], plain: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(NAMED, 0);
  header.writeUInt32BE(version, 1);
  return encrypt(key, header, [NAMED, version, ...context], plain);
}

/** Undefined for bytes of no known format. */
export function parseSealed(sealed: Buffer): SealedValue | undefined {
  if (sealed[0] === NAMED && sealed.length > 5) {
    const version = sealed.readUInt32BE(1);
    return { version, open: (key, context) => decrypt(key, 5, [NAMED, version, ...context], sealed) };
  }
  if (sealed[0] !== UNNAMED) return undefined;
  return { version: 1, open: (key, context) => decrypt(key, 1, [UNNAMED, ...context], sealed) };
}

function associatedData(context: readonly unknown[]): Buffer {
  return Buffer.from(canonicalJson(context));
}
