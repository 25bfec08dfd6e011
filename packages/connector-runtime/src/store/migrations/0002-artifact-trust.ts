import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * What keeps an artifact back (quarantine) and what keeps a deployment from going back (floors). Artifacts stay rows that
 * the runtime's role can only add: a promotion is a row of its own, not a change of the artifact's.
 */
const statements = [
  `alter table connector.artifacts
    add column added_by text not null default 'system',
    add column needs_promotion boolean not null default false,
    add column available_at timestamptz`,
  `create table connector.artifact_promotions (
    digest text primary key references connector.artifacts (digest),
    promoted_by text not null,
    promoted_at timestamptz not null
  )`,
  'grant select, insert on connector.artifact_promotions to connector_app',
  // The same content signed anew, by other keys: the row in artifacts stays as it was first added.
  `create table connector.artifact_archives (
    digest text not null references connector.artifacts (digest),
    archive_digest text not null,
    archive bytea not null,
    added_by text not null,
    added_at timestamptz not null,
    primary key (digest, archive_digest)
  )`,
  'grant select, insert on connector.artifact_archives to connector_app',
  // The highest serial of a trust policy that any node has used; one row.
  `create table connector.trust_floor (
    only_row boolean primary key default true check (only_row),
    serial bigint not null check (serial >= 0),
    raised_at timestamptz not null
  )`,
  'grant select, insert, update on connector.trust_floor to connector_app',
  // The highest version of a connector that a tenant has enabled, or what an administrator lowered it to.
  `create table connector.version_floors (
    tenant_id uuid not null references connector.tenants (id),
    connector text not null,
    version text not null,
    set_by text not null,
    set_at timestamptz not null,
    primary key (tenant_id, connector)
  )`,
  // Row-level security binds the owner too, unless it is a superuser: without a tenant it would find no enablement.
  `select set_config('connector.tenant', '*', true)`,
  `insert into connector.version_floors (tenant_id, connector, version, set_by, set_at)
    select n.tenant_id, n.connector, a.version, n.enabled_by, n.enabled_at
    from connector.enablements n join connector.artifacts a on a.digest = n.digest`,
  'grant select, insert, update on connector.version_floors to connector_app',
  'alter table connector.version_floors enable row level security',
  'alter table connector.version_floors force row level security',
  `create policy tenant on connector.version_floors using (
    tenant_id::text = (select current_setting('connector.tenant', true))
    or (select current_setting('connector.tenant', true)) = '*')`,
];

export const artifactTrust: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
