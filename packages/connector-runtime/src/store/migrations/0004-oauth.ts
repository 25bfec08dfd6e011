import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  `alter table connector.connections
    add column enabled_status text check (enabled_status in ('ready', 'reauth_required')),
    add column granted_scopes text[],
    add column last_test json,
    add column deleted_at timestamptz`,
  // What is known of a credential without opening it, and how its last renewals went.
  `alter table connector.credentials
    add column renewable boolean not null default false,
    add column renew_at timestamptz,
    add column attempts integer not null default 0,
    add column failures integer not null default 0,
    add column failure json,
    add column failed_at timestamptz`,
  'create index credentials_due on connector.credentials (renew_at) where renew_at is not null',
  `create table connector.oauth_sessions (
    id uuid primary key,
    tenant_id uuid not null,
    connection_id uuid not null,
    state_hash bytea not null unique check (octet_length(state_hash) = 32),
    browser_hash bytea check (octet_length(browser_hash) = 32),
    registration_hash bytea not null check (octet_length(registration_hash) = 32),
    redirect_uri text not null,
    scopes text[],
    sealed_verifier bytea not null,
    started_by text not null,
    started_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    foreign key (tenant_id, connection_id) references connector.connections (tenant_id, id)
  )`,
  'create index oauth_sessions_connection on connector.oauth_sessions (connection_id)',
  'create index oauth_sessions_expiry on connector.oauth_sessions (expires_at)',
  'grant select, insert, update, delete on connector.oauth_sessions to connector_app',
  'grant delete on connector.credentials to connector_app',
  'alter table connector.oauth_sessions enable row level security',
  'alter table connector.oauth_sessions force row level security',
  `create policy tenant on connector.oauth_sessions using (
    tenant_id::text = (select current_setting('connector.tenant', true))
    or (select current_setting('connector.tenant', true)) = '*')`,
];

/** Authorizations under way, the scopes of a grant, and what is known of renewals. */
export const oauth: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
