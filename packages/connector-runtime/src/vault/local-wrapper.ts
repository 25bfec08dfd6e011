import { createHmac, createSecretKey } from 'node:crypto';
import { RuntimeError } from '../types/errors.ts';
import type { Secret } from '../types/secret.ts';
import type { KeyContext, KeyWrapper } from './key-wrapper.ts';
import { decrypt, encrypt } from './seal-format.ts';

/** Wrapped before keys had versions. */
const UNVERSIONED = 1;
const VERSIONED = 2;

/**
 * Wraps with a key that this process holds. Its id is a fingerprint of the key, so that another key is another wrapper.
 *
 * @throws RuntimeError `CONFIG_INVALID` when the master key is not 32 bytes in base64.
 */
export function createLocalWrapper(masterKey: Secret): KeyWrapper {
  const bytes = parseMasterKey(masterKey);
  const fingerprint = createHmac('sha256', bytes).update('connector-runtime master key id').digest('hex').slice(0, 16);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return {
    id: `local:${fingerprint}`,
    opensUnnamed: true,
    wrap: async (plain, context) => encrypt(key, Buffer.of(VERSIONED), associatedData(VERSIONED, context), plain),
    async unwrap(wrapped, context) {
      const format = wrapped[0];
      if (format !== VERSIONED && (format !== UNVERSIONED || context.version !== 1)) return undefined;
      return decrypt(key, 1, associatedData(format, context), wrapped);
    },
  };
}

function associatedData(format: number, { tenantId, version }: KeyContext): readonly unknown[] {
  return [format, 'tenant-key', tenantId, ...(format === VERSIONED ? [version] : [])];
}

function parseMasterKey(masterKey: Secret): Buffer {
  const text = masterKey.reveal();
  const key = Buffer.from(text, 'base64');
  if (/^[A-Za-z0-9+/]{43}=$/.test(text) && key.length === 32) return key;
  throw new RuntimeError(
    'CONFIG_INVALID',
    'the master key must be 32 random bytes in base64 (`openssl rand -base64 32`)',
  );
}
