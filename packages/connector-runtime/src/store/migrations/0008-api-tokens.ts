import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  // Rows stay after revocation, and a name is given once: the audit knows holders by it.
  `create table connector.api_tokens (
    id uuid primary key,
    tenant_id uuid references connector.tenants (id),
    name text not null check (name <> ''),
    roles text[] not null check (
      cardinality(roles) > 0 and roles <@ array['viewer', 'operator', 'admin', 'security-admin']),
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_by text,
    revoked_at timestamptz,
    check ((revoked_by is null) = (revoked_at is null))
  )`,
  `create unique index api_tokens_name
    on connector.api_tokens ((coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)), name)`,
  'grant select, insert on connector.api_tokens to connector_app',
  'grant update (last_used_at, revoked_by, revoked_at) on connector.api_tokens to connector_app',
  'alter table connector.api_tokens enable row level security',
  'alter table connector.api_tokens force row level security',
  // A token of the whole deployment has no tenant, so no tenant's transaction sees it.
  `create policy tenant on connector.api_tokens using (
    tenant_id::text = (select current_setting('connector.tenant', true))
    or (select current_setting('connector.tenant', true)) = '*')`,
];

/** Tokens of the admin API, with roles, for the deployment or for one tenant. */
export const apiTokens: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
