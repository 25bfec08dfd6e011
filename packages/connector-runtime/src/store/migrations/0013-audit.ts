import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  // `previous`: the digest of the signed head before it, empty for the first. Unique: of nodes that sign at once, one does.
  `create table connector.audit_signed_heads (
    tenant_id uuid not null,
    seq bigint not null check (seq > 0),
    previous text not null check (previous ~ '^([0-9a-f]{64})?$'),
    envelope text not null,
    primary key (tenant_id, seq),
    unique (tenant_id, previous)
  )`,
  // The kind first: figures of the whole deployment are read by it, too.
  'create index audit_entries_kind on connector.audit_entries (kind, tenant_id, seq)',
  'grant select, insert on connector.audit_signed_heads to connector_app',
  'alter table connector.audit_signed_heads enable row level security',
  'alter table connector.audit_signed_heads force row level security',
  `create policy tenant on connector.audit_signed_heads using (
    tenant_id::text = (select current_setting('connector.tenant', true))
    or (select current_setting('connector.tenant', true)) = '*')`,
  `create trigger audit_signed_heads_append_only before update or delete or truncate on connector.audit_signed_heads
    for each statement execute function connector.audit_refuse()`,
];

/** Signed heads of the audit's chains, and an index for what is asked of them. */
export const audit: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
