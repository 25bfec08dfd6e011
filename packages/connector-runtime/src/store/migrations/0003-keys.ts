import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  // A tenant's key has versions, so that one can take over while the other still opens what it sealed.
  `alter table connector.tenant_keys
    drop constraint tenant_keys_pkey,
    add column version integer not null default 1 check (version > 0),
    add column wrapper text,
    add column resealed_at timestamptz,
    add column shredded_at timestamptz,
    alter column wrapped_key drop not null,
    add primary key (tenant_id, version),
    add check ((wrapped_key is null) = (shredded_at is not null))`,
  'alter table connector.tenant_keys alter column version drop default',
  'grant delete on connector.tenant_keys to connector_app',
  // What is sealed names its key (docs/decisions/0065). As a column with a foreign key, the database itself refuses to lose a
  // key that something needs, and to keep anything that was sealed under a key already lost.
  `create function connector.data_key_of(sealed bytea) returns integer
    language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
    select case
      when length(sealed) > 5 and get_byte(sealed, 0) = 2 then
        get_byte(sealed, 1) << 24 | get_byte(sealed, 2) << 16 | get_byte(sealed, 3) << 8 | get_byte(sealed, 4)
      when length(sealed) > 0 and get_byte(sealed, 0) = 1 then 1
    end $$`,
  ...sealedBy('credentials', 'sealed'),
  ...sealedBy('endpoints', 'sealed_secrets'),
  `create table connector.reference_policies (
    tenant_id uuid primary key references connector.tenants (id),
    policy json not null,
    set_by text not null,
    set_at timestamptz not null default now()
  )`,
  'grant select, insert, update on connector.reference_policies to connector_app',
  'alter table connector.reference_policies enable row level security',
  'alter table connector.reference_policies force row level security',
  `create policy tenant on connector.reference_policies using (
    tenant_id::text = (select current_setting('connector.tenant', true))
    or (select current_setting('connector.tenant', true)) = '*')`,
];

function sealedBy(table: string, column: string): string[] {
  return [
    `alter table connector.${table}
      add column data_key integer generated always as (connector.data_key_of(${column})) stored,
      add foreign key (tenant_id, data_key) references connector.tenant_keys (tenant_id, version)`,
    `create index ${table}_data_key on connector.${table} (tenant_id, data_key)`,
  ];
}

/** Keys with versions, wrappers and tombstones; the key of every sealed row; what a tenant's references may point to. */
export const keys: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
