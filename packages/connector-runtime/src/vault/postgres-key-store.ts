import { sql } from 'kysely';
import type { Db } from '../types/database.ts';

/** A version of a tenant's key as it lies in the database. */
export interface KeyRow {
  readonly version: number;
  /** Null once shredded. */
  readonly wrapped: Buffer | null;
  readonly wrapper: string | null;
  /** True once nothing was sealed under an older version any more. */
  readonly resealed: boolean;
}

export interface KeyStore {
  /** Oldest first. */
  read(tenantId: string): Promise<readonly KeyRow[]>;
  /** Only if there is none of that version yet: whoever comes first makes the key, the others use that one. */
  insert(tenantId: string, row: Omit<KeyRow, 'resealed'>): Promise<void>;
}

export function createPostgresKeyStore(db: Db): KeyStore {
  return {
    async read(tenantId) {
      const rows = await db
        .selectFrom('connector.tenant_keys')
        .select(['version', 'wrapped_key', 'wrapper', 'resealed_at'])
        .where('tenant_id', '=', tenantId)
        .orderBy('version')
        .execute();
      return rows.map(({ version, wrapped_key, wrapper, resealed_at }) => ({
        version,
        wrapped: wrapped_key,
        wrapper,
        resealed: resealed_at !== null,
      }));
    },
    async insert(tenantId, { version, wrapped, wrapper }) {
      await sql`insert into connector.tenant_keys (tenant_id, version, wrapped_key, wrapper)
        values (${tenantId}, ${version}, ${wrapped}, ${wrapper})
        on conflict (tenant_id, version) do nothing`.execute(db);
    },
  };
}
