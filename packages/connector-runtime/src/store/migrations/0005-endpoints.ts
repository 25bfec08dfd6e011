import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** One of each has no end: the current one. The index says so, and finds all of an endpoint. */
function partOfEndpoint(table: string): string[] {
  return [
    `create unique index ${table}_current on connector.${table} (endpoint_id) where expires_at is null`,
    `create index ${table}_endpoint on connector.${table} (endpoint_id)`,
    `create index ${table}_expiry on connector.${table} (expires_at) where expires_at is not null`,
    `grant select, insert, update, delete on connector.${table} to connector_app`,
    `alter table connector.${table} enable row level security`,
    `alter table connector.${table} force row level security`,
    `create policy tenant on connector.${table} using (
      tenant_id::text = (select current_setting('connector.tenant', true))
      or (select current_setting('connector.tenant', true)) = '*')`,
  ];
}

const statements = [
  'alter table connector.endpoints add unique (tenant_id, id)',
  `create table connector.endpoint_addresses (
    id uuid primary key,
    tenant_id uuid not null,
    endpoint_id uuid not null,
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    created_at timestamptz not null,
    expires_at timestamptz,
    foreign key (tenant_id, endpoint_id) references connector.endpoints (tenant_id, id)
  )`,
  `create table connector.endpoint_secrets (
    id uuid primary key,
    tenant_id uuid not null,
    endpoint_id uuid not null,
    sealed bytea not null,
    data_key integer generated always as (connector.data_key_of(sealed)) stored,
    created_at timestamptz not null,
    expires_at timestamptz,
    foreign key (tenant_id, endpoint_id) references connector.endpoints (tenant_id, id),
    foreign key (tenant_id, data_key) references connector.tenant_keys (tenant_id, version)
  )`,
  'create index endpoint_secrets_data_key on connector.endpoint_secrets (tenant_id, data_key)',
  // Row-level security binds the owner too, unless it is a superuser.
  `select set_config('connector.tenant', '*', true)`,
  `insert into connector.endpoint_addresses (id, tenant_id, endpoint_id, token_hash, created_at)
    select gen_random_uuid(), tenant_id, id, token_hash, created_at from connector.endpoints`,
  `insert into connector.endpoint_secrets (id, tenant_id, endpoint_id, sealed, created_at)
    select gen_random_uuid(), tenant_id, id, sealed_secrets, created_at from connector.endpoints`,
  'alter table connector.endpoints drop column data_key, drop column sealed_secrets, drop column token_hash',
  ...partOfEndpoint('endpoint_addresses'),
  ...partOfEndpoint('endpoint_secrets'),
  `alter table connector.deliveries
    add column outcome text check (outcome in ('events', 'duplicate-events', 'no-trigger', 'decision', 'no-decision')),
    add column result json,
    add column earlier_claims integer not null default 0`,
  // Ids begin with the time of arrival: one index serves an endpoint's newest, its pages, and those of its whole tenant.
  'create index deliveries_endpoint on connector.deliveries (endpoint_id, id)',
  `create index deliveries_dead on connector.deliveries (endpoint_id, id) where status = 'dead'`,
  'drop index connector.deliveries_tenant',
];

/** Several addresses and secrets per endpoint, each with its end; what came of a delivery. */
export const endpoints: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
