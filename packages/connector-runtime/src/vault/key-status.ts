import { sql } from 'kysely';
import type { Db } from '../types/database.ts';
import type { KeyWrappers } from './key-wrapper.ts';
import { requireUnwrapped } from './unwrap-row.ts';

/** One version of one tenant's key. */
export interface KeyStatus {
  readonly tenantId: string;
  readonly version: number;
  readonly wrapper: string | null;
  /** `sealing`: the newest; `resealing`: the newest, whose rotation has not ended; `old`: opens what it sealed. */
  readonly state: 'sealing' | 'resealing' | 'old' | 'shredded';
  /** How many secrets need it. */
  readonly sealed: number;
  /** Undefined when not asked for; otherwise true, or the code that says why not. */
  readonly opens?: true | string;
}

interface Row {
  readonly tenant_id: string;
  readonly version: number;
  readonly wrapper: string | null;
  readonly wrapped_key: Buffer | null;
  readonly newest: boolean;
  readonly resealed: boolean;
  readonly sealed: number;
}

/** Every key of every tenant (or of one). With wrappers, each is opened, to see that it does. */
export async function readKeyStatus(
  db: Db,
  { tenantId, wrappers }: { readonly tenantId?: string | undefined; readonly wrappers?: KeyWrappers | undefined },
): Promise<readonly KeyStatus[]> {
  const { rows } = await sql<Row>`
    select k.tenant_id, k.version, k.wrapper, k.wrapped_key, k.resealed_at is not null as resealed,
      k.version = max(k.version) over (partition by k.tenant_id) as newest,
      ((select count(*) from connector.credentials c where c.tenant_id = k.tenant_id and c.data_key = k.version)
      + (select count(*) from connector.endpoint_secrets s where s.tenant_id = k.tenant_id and s.data_key = k.version))::int as sealed
    from connector.tenant_keys k
    where ${tenantId ?? null}::uuid is null or k.tenant_id = ${tenantId ?? null}::uuid
    order by k.tenant_id, k.version`.execute(db);
  const keys: KeyStatus[] = [];
  for (const row of rows) {
    const { tenant_id, version, wrapper, sealed } = row;
    const state = stateOf(row);
    const opens = wrappers && row.wrapped_key ? await opensNow(wrappers, row, row.wrapped_key) : undefined;
    keys.push({ tenantId: tenant_id, version, wrapper, state, sealed, ...(opens === undefined ? {} : { opens }) });
  }
  return keys;
}

function stateOf({ wrapped_key, newest, resealed, version }: Row): KeyStatus['state'] {
  if (wrapped_key === null) return 'shredded';
  if (!newest) return 'old';
  return version === 1 || resealed ? 'sealing' : 'resealing';
}

async function opensNow(wrappers: KeyWrappers, row: Row, wrapped: Buffer): Promise<true | string> {
  try {
    const key = await requireUnwrapped(wrappers, row.tenant_id, {
      version: row.version,
      wrapper: row.wrapper,
      wrapped,
    });
    key.fill(0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  }
}
