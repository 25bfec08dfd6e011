import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  `create table connector.poll_cursors (
    connection_id uuid not null,
    trigger text not null,
    tenant_id uuid not null,
    cursor text,
    unfinished boolean not null default false,
    generation integer not null default 0 check (generation >= 0),
    lease_holder text,
    lease_until timestamptz,
    interval_ms integer check (interval_ms > 0),
    next_due_at timestamptz not null,
    not_before timestamptz,
    last_polled_at timestamptz,
    last_success_at timestamptz,
    last_poll json,
    failures integer not null default 0,
    error json,
    created_at timestamptz not null,
    primary key (connection_id, trigger),
    check ((lease_holder is null) = (lease_until is null)),
    foreign key (tenant_id, connection_id) references connector.connections (tenant_id, id)
  )`,
  'create index poll_cursors_due on connector.poll_cursors (next_due_at)',
  'create index poll_cursors_tenant on connector.poll_cursors (tenant_id)',
  'grant select, insert, update, delete on connector.poll_cursors to connector_app',
  'alter table connector.poll_cursors enable row level security',
  'alter table connector.poll_cursors force row level security',
  `create policy tenant on connector.poll_cursors using (
    tenant_id::text = (select current_setting('connector.tenant', true))
    or (select current_setting('connector.tenant', true)) = '*')`,
];

/** Where polling stands, per connection and trigger. */
export const polling: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
