import { sql } from 'kysely';
import { type AuditTrail, DEPLOYMENT } from '../types/audit.ts';
import type { Db } from '../types/database.ts';
import type { KeyWrapper, KeyWrappers } from './key-wrapper.ts';
import { unwrapRow } from './unwrap-row.ts';
import { wrapKey } from './wrap-key.ts';

export interface MasterRotation {
  /** What wraps every tenant's keys now. */
  readonly wrapper: string;
  readonly rewrapped: number;
  /** Keys that no configured master key opens: they stay as they are. */
  readonly unreadable: readonly {
    readonly tenantId: string;
    readonly version: number;
    readonly wrapper: string | null;
  }[];
}

interface RotateMasterOptions {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly wrappers: KeyWrappers;
  readonly by: string;
  readonly onProgress?: (done: number, total: number) => void;
}

interface WrappedKey {
  readonly tenant_id: string;
  readonly version: number;
  readonly wrapped_key: Buffer;
  readonly wrapper: string | null;
}

/**
 * Wraps every tenant's keys anew with the first of the wrappers. What they seal is not touched. Called again, it goes on with
 * what is left; nodes work on meanwhile, as long as they have both wrappers.
 *
 * @throws RuntimeError `KEY_SERVICE_*`
 */
export async function rotateMaster(options: RotateMasterOptions): Promise<MasterRotation> {
  const { db, audit, wrappers, by, onProgress } = options;
  const [wrapper] = wrappers;
  const keys = await readWrapped(db);
  const unreadable: WrappedKey[] = [];
  let rewrapped = 0;
  for (const [at, key] of keys.entries()) {
    if (!(await isWrappedBy(wrapper, key))) {
      const anew = await wrapAnew(wrappers, key);
      if (anew === undefined) unreadable.push(key);
      else if (await exchange(db, key, anew, wrapper.id)) rewrapped += 1;
    }
    onProgress?.(at + 1, keys.length);
  }
  if (rewrapped > 0) {
    await audit.record({
      tenantId: DEPLOYMENT,
      kind: 'key.master_rotated',
      actor: by,
      subject: wrapper.id,
      details: { rewrapped, unreadable: unreadable.length },
    });
  }
  return {
    wrapper: wrapper.id,
    rewrapped,
    unreadable: unreadable.map(({ tenant_id, version, wrapper: name }) => ({
      tenantId: tenant_id,
      version,
      wrapper: name,
    })),
  };
}

async function readWrapped(db: Db): Promise<readonly WrappedKey[]> {
  const { rows } = await sql<WrappedKey>`select tenant_id, version, wrapped_key, wrapper from connector.tenant_keys
    where wrapped_key is not null order by tenant_id, version`.execute(db);
  return rows;
}

async function isWrappedBy(wrapper: KeyWrapper, key: WrappedKey): Promise<boolean> {
  if (key.wrapper !== wrapper.id) return false;
  return wrapper.isNewest === undefined || (await wrapper.isNewest(key.wrapped_key));
}

async function wrapAnew(wrappers: KeyWrappers, key: WrappedKey): Promise<Buffer | undefined> {
  const [wrapper] = wrappers;
  const { tenant_id: tenantId, version, wrapped_key: wrapped } = key;
  const context = { tenantId, version };
  if (key.wrapper === wrapper.id && wrapper.rewrap) return wrapper.rewrap(wrapped, context);
  const plain = await unwrapRow(wrappers, tenantId, { version, wrapped, wrapper: key.wrapper });
  if (plain === undefined) return undefined;
  try {
    return await wrapKey(wrapper, plain, context);
  } finally {
    plain.fill(0);
  }
}

/** Only while it is what was read: a key that was shredded meanwhile must not come back. */
async function exchange(db: Db, key: WrappedKey, anew: Buffer, wrapper: string): Promise<boolean> {
  const { rows } = await sql`update connector.tenant_keys set wrapped_key = ${anew}, wrapper = ${wrapper}
    where tenant_id = ${key.tenant_id} and version = ${key.version} and wrapped_key = ${key.wrapped_key}
    returning 1`.execute(db);
  return rows.length === 1;
}
