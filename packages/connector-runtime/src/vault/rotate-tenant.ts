import { type KeyObject, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Db } from '../types/database.ts';
import type { KeyWrappers } from './key-wrapper.ts';
import { createPostgresKeyStore, type KeyRow } from './postgres-key-store.ts';
import { resealOlder } from './reseal.ts';
import { shredded, toKeyObject } from './tenant-keys.ts';
import { unwrapRow } from './unwrap-row.ts';
import { wrapKey } from './wrap-key.ts';

export interface TenantRotation {
  readonly tenantId: string;
  /** Of the key that seals from now on. */
  readonly version: number;
  /** True when it took up a rotation that had not ended. */
  readonly resumed: boolean;
  readonly resealed: number;
  /** Secrets that opened under no key: they stay as they are, and their old key with them. */
  readonly unreadable: number;
}

export interface RotateTenantsOptions {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly wrappers: KeyWrappers;
  readonly tenantIds: readonly string[];
  readonly by: string;
  /** Waits until every node seals with the new keys: they may go on with the old one for as long as they remember rows. */
  readonly settle: () => Promise<void>;
  readonly onProgress?: (progress: {
    readonly tenantId: string;
    readonly done: number;
    readonly total: number;
  }) => void;
  readonly batchSize?: number;
}

/**
 * Gives tenants a new key and seals what they have anew under it, while everything works. Nothing is lost when it is killed:
 * both keys open what they sealed, and the next call goes on where this one was.
 *
 * @throws RuntimeError `CREDENTIAL_SHREDDED` | `KEY_SERVICE_*`
 */
export async function rotateTenants(options: RotateTenantsOptions): Promise<readonly TenantRotation[]> {
  const begun: Begun[] = [];
  for (const tenantId of options.tenantIds) {
    const one = await begin(options, tenantId);
    if (one === undefined) continue;
    one.resealed += await reseal(options, one);
    begun.push(one);
  }
  if (begun.length > 0) await options.settle();
  const ended: TenantRotation[] = [];
  for (const one of begun) {
    one.resealed += await reseal(options, one);
    await end(options, one);
    const { tenantId, version, resumed, resealed, unreadable } = one;
    ended.push({ tenantId, version, resumed, resealed, unreadable: unreadable.size });
  }
  return ended;
}

interface Begun {
  readonly tenantId: string;
  readonly version: number;
  readonly resumed: boolean;
  readonly key: KeyObject;
  readonly keyOf: (version: number) => Promise<KeyObject | undefined>;
  readonly unreadable: Set<string>;
  resealed: number;
}

/** Undefined for a tenant that has no key yet: there is nothing to seal anew. */
async function begin(options: RotateTenantsOptions, tenantId: string): Promise<Begun | undefined> {
  const store = createPostgresKeyStore(options.db);
  const [last] = (await store.read(tenantId)).slice(-1);
  if (last === undefined) return undefined;
  if (last.wrapped === null) throw shredded(tenantId);
  // A rotation that had not ended is taken up, unless its key went missing since.
  const resumed = last.version > 1 && !last.resealed && (await openKey(options.wrappers, tenantId, last)) !== undefined;
  if (!resumed) await addVersion(options, tenantId, last.version + 1);
  const keyOf = createOpener(options.wrappers, tenantId, await store.read(tenantId));
  const version = resumed ? last.version : last.version + 1;
  const key = await keyOf(version);
  if (key === undefined) throw shredded(tenantId);
  return { tenantId, version, resumed, key, keyOf, unreadable: new Set(), resealed: 0 };
}

async function addVersion(
  { db, audit, wrappers, by }: RotateTenantsOptions,
  tenantId: string,
  version: number,
): Promise<void> {
  const [wrapper] = wrappers;
  const key = randomBytes(32);
  const wrapped = await wrapKey(wrapper, key, { tenantId, version }).finally(() => key.fill(0));
  const entry = {
    tenantId,
    kind: 'key.rotation_started',
    actor: by,
    subject: `tenant-key:${version}`,
    details: { version, wrapper: wrapper.id },
  };
  // Somebody else's rotation at the same time made it: then both go on with that one. Or the tenant was shredded since the
  // rows were read: then none is made.
  await sql`
    with last as (
      select version from connector.tenant_keys
      where tenant_id = ${tenantId} and version = ${version - 1} and wrapped_key is not null for share
    ), made as (
      insert into connector.tenant_keys (tenant_id, version, wrapped_key, wrapper)
      select ${tenantId}::uuid, ${version}::int, ${wrapped}::bytea, ${wrapper.id}::text from last
      on conflict (tenant_id, version) do nothing returning version
    )
    select ${audit.append(entry)} from made`.execute(db);
}

async function reseal({ db, onProgress, batchSize = 500 }: RotateTenantsOptions, one: Begun): Promise<number> {
  const { tenantId, version, key, keyOf, unreadable } = one;
  return resealOlder({
    db,
    tenantId,
    version,
    key,
    keyOf,
    unreadable,
    batchSize,
    onProgress: (done, total) => onProgress?.({ tenantId, done: one.resealed + done, total: one.resealed + total }),
  });
}

async function end({ db, audit, by }: RotateTenantsOptions, one: Begun): Promise<void> {
  const { tenantId, version, resealed, unreadable } = one;
  const entry = {
    tenantId,
    kind: 'key.rotated',
    actor: by,
    subject: `tenant-key:${version}`,
    details: { version, resealed, unreadable: unreadable.size },
  };
  await sql`
    with ended as (
      update connector.tenant_keys set resealed_at = now()
      where tenant_id = ${tenantId} and version = ${version} and resealed_at is null returning version
    )
    select ${audit.append(entry)} from ended`.execute(db);
}

/** Each key unwrapped once; undefined for one that does not open. A key service that fails is an error. */
function createOpener(wrappers: KeyWrappers, tenantId: string, rows: readonly KeyRow[]) {
  const opened = new Map<number, Promise<KeyObject | undefined>>();
  return (version: number) => {
    const known = opened.get(version);
    if (known) return known;
    const row = rows.find((one) => one.version === version);
    const key = row ? openKey(wrappers, tenantId, row) : Promise.resolve(undefined);
    opened.set(version, key);
    return key;
  };
}

async function openKey(wrappers: KeyWrappers, tenantId: string, row: KeyRow): Promise<KeyObject | undefined> {
  const { wrapped } = row;
  const bytes = wrapped === null ? undefined : await unwrapRow(wrappers, tenantId, { ...row, wrapped });
  return bytes && toKeyObject(bytes);
}
