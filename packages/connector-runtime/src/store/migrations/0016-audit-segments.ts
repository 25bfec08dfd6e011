import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { tenantOnly } from './tenant-only.ts';

const statements = [
  // `previous`: the digest of the seal before it, empty for the first.
  `create table connector.audit_segments (
    tenant_id uuid not null,
    first_seq bigint not null check (first_seq > 0),
    last_seq bigint not null check (last_seq >= first_seq),
    previous text not null check (previous ~ '^([0-9a-f]{64})?$'),
    envelope text not null,
    primary key (tenant_id, last_seq),
    unique (tenant_id, first_seq),
    unique (tenant_id, previous)
  )`,
  'grant select on connector.audit_segments to connector_app',
  ...tenantOnly('audit_segments'),
  // As before, and: the owner of the table may delete where it says that it seals. What it deletes is looked at afterwards.
  `create or replace function connector.audit_refuse() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
  begin
    if current_setting('connector.audit_maintenance', true) = 'on'
      and (select r.rolsuper from pg_roles r where r.rolname = current_user) then
      return null;
    end if;
    if tg_op = 'DELETE' and tg_table_name = 'audit_entries' and current_setting('connector.audit_sealing', true) = 'on'
      and current_user = (select pg_get_userbyid(c.relowner) from pg_class c where c.oid = tg_relid) then
      return null;
    end if;
    raise exception 'audit: % on % is refused, the trail is append-only', tg_op, tg_table_name using errcode = '42501';
  end $$`,
  `create function connector.audit_require_sealed() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
  begin
    if current_setting('connector.audit_maintenance', true) = 'on'
      and (select r.rolsuper from pg_roles r where r.rolname = current_user) then
      return null;
    end if;
    if exists (select from gone g where not exists (
      select from connector.audit_segments s where s.tenant_id = g.tenant_id and g.seq between s.first_seq and s.last_seq)) then
      raise exception 'audit: an entry that is in no sealed segment stays' using errcode = '42501';
    end if;
    return null;
  end $$`,
  `create trigger audit_entries_sealed after delete on connector.audit_entries referencing old table as gone
    for each statement execute function connector.audit_require_sealed()`,
  `create trigger audit_segments_append_only before update or delete or truncate on connector.audit_segments
    for each statement execute function connector.audit_refuse()`,
];

/** Segments of the audit's chains that are sealed and kept elsewhere: only their entries can be deleted. */
export const auditSegments: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
