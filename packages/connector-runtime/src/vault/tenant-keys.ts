import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Clock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import type { KeyWrappers } from './key-wrapper.ts';
import type { KeyRow, KeyStore } from './postgres-key-store.ts';
import { requireUnwrapped } from './unwrap-row.ts';
import { wrapKey } from './wrap-key.ts';

export interface DataKey {
  readonly version: number;
  readonly key: KeyObject;
}

export interface TenantKeys {
  /** The key that seals: the newest. Made at a tenant's first secret. */
  newest(tenantId: string): Promise<DataKey>;
  /** Throws `CREDENTIAL_UNREADABLE` when there is none of that version. */
  version(tenantId: string, version: number): Promise<KeyObject>;
}

/** How long another node's rotation or shredding may go unnoticed. */
const ROWS_MS = 10_000;
/** How long a key is used before its wrapper is asked again: what a key service withdraws ends here. */
const KEY_MS = 300_000;
/** A key service that fails is not asked again for each call. */
const FAILURE_MS = 1_000;
const MAX_TENANTS = 1000;

interface CachedKey {
  readonly key: Promise<KeyObject>;
  until: number;
}

interface CachedTenant {
  rows: Promise<readonly KeyRow[]>;
  rowsUntil: number;
  readonly keys: Map<number, CachedKey>;
}

interface TenantKeysOptions {
  readonly store: KeyStore;
  readonly wrappers: KeyWrappers;
  readonly clock: Clock;
}

/** Tenants' keys, unwrapped and remembered for a bounded time. */
export function createTenantKeys({ store, wrappers, clock }: TenantKeysOptions): TenantKeys {
  const tenants = new Map<string, CachedTenant>();

  function rowsOf(tenantId: string, cached: CachedTenant, reread = false): Promise<readonly KeyRow[]> {
    if (reread || cached.rowsUntil <= clock.now()) {
      cached.rows = store.read(tenantId);
      cached.rowsUntil = clock.now() + ROWS_MS;
      cached.rows.catch(() => {
        cached.rowsUntil = 0;
      });
    }
    return cached.rows;
  }

  function cachedOf(tenantId: string): CachedTenant {
    const known = tenants.get(tenantId);
    if (known) return known;
    const made: CachedTenant = { rows: Promise.resolve([]), rowsUntil: 0, keys: new Map() };
    tenants.set(tenantId, made);
    const [oldest] = tenants.keys();
    if (tenants.size > MAX_TENANTS && oldest !== undefined) tenants.delete(oldest);
    return made;
  }

  function keyOf(tenantId: string, cached: CachedTenant, row: KeyRow): Promise<KeyObject> {
    const { version, wrapped } = row;
    if (wrapped === null) {
      cached.keys.clear();
      throw shredded(tenantId);
    }
    const known = cached.keys.get(version);
    if (known && known.until > clock.now()) return known.key;
    const key = requireUnwrapped(wrappers, tenantId, { ...row, wrapped }).then(toKeyObject);
    const entry: CachedKey = { key, until: clock.now() + KEY_MS };
    cached.keys.set(version, entry);
    key.catch(() => {
      entry.until = clock.now() + FAILURE_MS;
    });
    return key;
  }

  async function makeFirst(tenantId: string): Promise<void> {
    const [wrapper] = wrappers;
    const key = randomBytes(32);
    try {
      const wrapped = await wrapKey(wrapper, key, { tenantId, version: 1 });
      await store.insert(tenantId, { version: 1, wrapped, wrapper: wrapper.id });
    } finally {
      key.fill(0);
    }
  }

  return {
    async newest(tenantId) {
      const cached = cachedOf(tenantId);
      let row = (await rowsOf(tenantId, cached)).at(-1);
      if (row === undefined) {
        await makeFirst(tenantId);
        row = (await rowsOf(tenantId, cached, true)).at(-1);
      }
      if (row === undefined) throw noSuchKey(tenantId, 1);
      return { version: row.version, key: await keyOf(tenantId, cached, row) };
    },

    async version(tenantId, version) {
      const cached = cachedOf(tenantId);
      const find = (rows: readonly KeyRow[]) => rows.find((row) => row.version === version);
      // Another node may have made it since the rows were read.
      const row = find(await rowsOf(tenantId, cached)) ?? find(await rowsOf(tenantId, cached, true));
      if (row === undefined) throw noSuchKey(tenantId, version);
      return keyOf(tenantId, cached, row);
    },
  };
}

/** A key object shows its bytes to no inspector and no log. */
export function toKeyObject(bytes: Buffer): KeyObject {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

export function shredded(tenantId: string): RuntimeError {
  return new RuntimeError(
    'CREDENTIAL_SHREDDED',
    `the secrets of tenant ${tenantId} were destroyed together with their key, for good; make another tenant`,
    { details: { tenantId } },
  );
}

function noSuchKey(tenantId: string, version: number): RuntimeError {
  return new RuntimeError(
    'CREDENTIAL_UNREADABLE',
    `version ${version} of the key of tenant ${tenantId} is not in this database; store the secret again`,
    { details: { tenantId, version } },
  );
}
