import type { Store } from '@org/connector-runtime/stages';
import { sql } from 'kysely';

/** A table of the catalog that has rows of tenants, and the column that says whose. */
export interface TenantTable {
  readonly name: string;
  readonly column: 'id' | 'tenant_id';
  /** Row-level security is on, also for the owner, and there is a policy. */
  readonly guarded: boolean;
}

export async function tenantTables({ db }: Store): Promise<TenantTable[]> {
  const { rows } = await sql<TenantTable>`
    select c.relname as name, a.attname as column,
      c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid) as guarded
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'connector'
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p') and (a.attname = 'tenant_id' or (c.relname = 'tenants' and a.attname = 'id'))
    order by c.relname`.execute(db);
  return rows;
}

/** Every row of a tenant as text, by table. */
export async function rowsOf(store: Store, tables: readonly TenantTable[], tenantId: string) {
  const found = new Map<string, string>();
  for (const { name, column } of tables) {
    const { rows } = await sql<{ rows: string | null }>`
      select string_agg(to_jsonb(t)::text, E'\\n' order by to_jsonb(t)::text) as rows
      from ${sql.table(`connector.${name}`)} t where ${sql.ref(`t.${column}`)} = ${tenantId}`.execute(store.db);
    found.set(name, rows[0]?.rows ?? '');
  }
  return found;
}

/** Rows of anybody else that a transaction of this tenant sees; `as` another setting, to see that they would be seen. */
export async function foreignRowsSeen(
  store: Store,
  { name, column }: TenantTable,
  tenantId: string,
  as: string = tenantId,
): Promise<number> {
  return store.withTenant(as, async (trx) => {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from ${sql.table(`connector.${name}`)} t
      where ${sql.ref(`t.${column}`)} is distinct from ${tenantId}::uuid`.execute(trx);
    return rows[0]?.n ?? 0;
  });
}

/** Rows of the tenant that this transaction changes by naming them. */
export async function foreignRowsChanged(store: Store, { name, column }: TenantTable, from: string, to: string) {
  try {
    return await store.withTenant(from, async (trx) => {
      const result = await sql`update ${sql.table(`connector.${name}`)} set ${sql.ref(column)} = ${sql.ref(column)}
        where ${sql.ref(column)} = ${to}`.execute(trx);
      return Number(result.numAffectedRows ?? 0);
    });
  } catch (error) {
    // 42501: the runtime's role may not update this table, or this column, at all.
    if ((error as { code?: unknown }).code === '42501') return 0;
    throw error;
  }
}
