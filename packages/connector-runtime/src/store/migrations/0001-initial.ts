import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { auditStatements } from './audit-chain.ts';
import { grantStatements } from './grants.ts';

/**
 * Payloads are `json`, not `jsonb`: nothing queries inside them, and `jsonb` refuses the `\u0000` that outsiders may send.
 * A tenant's rows may only point to rows of the same tenant: the foreign keys of small tables carry the tenant.
 */
const tables = [
  `create table connector.tenants (
    id uuid primary key,
    name text not null unique check (name <> ''),
    created_at timestamptz not null default now()
  )`,
  `create table connector.workspaces (
    id uuid primary key,
    tenant_id uuid not null references connector.tenants (id),
    name text not null check (name <> ''),
    approval_rule json,
    created_at timestamptz not null default now(),
    unique (tenant_id, name),
    unique (tenant_id, id)
  )`,
  `create table connector.artifacts (
    digest text primary key,
    connector text not null,
    version text not null,
    publisher text not null,
    key_ids text[] not null,
    manifest json not null,
    archive bytea not null,
    added_at timestamptz not null default now()
  )`,
  'create index artifacts_connector on connector.artifacts (connector)',
  `create table connector.enablements (
    tenant_id uuid not null references connector.tenants (id),
    connector text not null,
    digest text not null references connector.artifacts (digest),
    enabled_by text not null,
    enabled_at timestamptz not null default now(),
    primary key (tenant_id, connector)
  )`,
  `create table connector.connections (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    name text not null check (name <> ''),
    connector text not null,
    config json not null,
    auth text not null,
    status text not null default 'ready' check (status in ('ready', 'reauth_required', 'disabled')),
    status_reason text,
    created_at timestamptz not null default now(),
    unique (workspace_id, name),
    unique (tenant_id, id),
    foreign key (tenant_id, workspace_id) references connector.workspaces (tenant_id, id)
  )`,
  `create table connector.tenant_keys (
    tenant_id uuid primary key references connector.tenants (id),
    wrapped_key bytea not null,
    created_at timestamptz not null default now()
  )`,
  `create table connector.credentials (
    connection_id uuid primary key,
    tenant_id uuid not null,
    generation integer not null check (generation >= 0),
    sealed bytea not null,
    expires_at timestamptz,
    updated_at timestamptz not null default now(),
    foreign key (tenant_id, connection_id) references connector.connections (tenant_id, id)
  )`,
  `create table connector.endpoints (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    connection_id uuid not null,
    connector text not null,
    purpose text not null check (purpose in ('trigger', 'approval')),
    name text not null,
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    sealed_secrets bytea not null,
    disabled boolean not null default false,
    created_at timestamptz not null default now(),
    foreign key (tenant_id, workspace_id) references connector.workspaces (tenant_id, id),
    foreign key (tenant_id, connection_id) references connector.connections (tenant_id, id)
  )`,
  'create index endpoints_connection on connector.endpoints (connection_id)',
  `create table connector.deliveries (
    id uuid primary key,
    tenant_id uuid not null references connector.tenants (id),
    endpoint_id uuid not null references connector.endpoints (id),
    delivery_key text not null,
    dedupe_digest bytea,
    content_type text not null,
    headers json not null,
    body bytea not null,
    received_at timestamptz not null,
    status text not null default 'pending' check (status in ('pending', 'done', 'dead')),
    claimed_until timestamptz,
    claims integer not null default 0,
    error json,
    unique (endpoint_id, delivery_key)
  )`,
  `create unique index deliveries_digest on connector.deliveries (endpoint_id, dedupe_digest)
    where dedupe_digest is not null`,
  `create index deliveries_pending on connector.deliveries (received_at, id) where status = 'pending'`,
  'create index deliveries_tenant on connector.deliveries (tenant_id, received_at)',
  `create table connector.events (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    connection_id uuid not null,
    trigger text not null,
    event_key text not null,
    data json not null,
    delivery_id uuid references connector.deliveries (id) on delete set null,
    received_at timestamptz not null,
    unique (connection_id, trigger, event_key),
    foreign key (tenant_id, workspace_id) references connector.workspaces (tenant_id, id),
    foreign key (tenant_id, connection_id) references connector.connections (tenant_id, id)
  )`,
  'create index events_delivery on connector.events (delivery_id) where delivery_id is not null',
  `create table connector.runs (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    workflow text not null,
    event_id uuid not null references connector.events (id),
    status text not null default 'queued' check
      (status in ('queued', 'running', 'waiting', 'completed', 'denied', 'failed', 'diverged', 'cancelled')),
    generation integer not null default 0,
    result json,
    error json,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    finished_at timestamptz,
    unique (workflow, event_id),
    foreign key (tenant_id, workspace_id) references connector.workspaces (tenant_id, id)
  )`,
  'create index runs_event on connector.runs (event_id)',
  'create index runs_tenant on connector.runs (tenant_id, created_at)',
  `create index runs_unfinished on connector.runs (updated_at) where status in ('queued', 'running', 'waiting')`,
  `create table connector.approvals (
    id uuid primary key,
    tenant_id uuid not null,
    workspace_id uuid not null,
    run_id uuid not null references connector.runs (id),
    step_key text not null,
    digests text[] not null,
    request json not null,
    connection_id uuid not null,
    connector text not null,
    channel text not null,
    target json not null,
    approvers text[] not null,
    status text not null default 'requested' check
      (status in ('requested', 'approved', 'denied', 'expired', 'cancelled')),
    ref json,
    decided_by text,
    decided_at timestamptz,
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    unique (run_id, step_key),
    check ((status in ('approved', 'denied')) = (decided_by is not null)),
    foreign key (tenant_id, workspace_id) references connector.workspaces (tenant_id, id),
    foreign key (tenant_id, connection_id) references connector.connections (tenant_id, id)
  )`,
  'create index approvals_tenant on connector.approvals (tenant_id, created_at)',
  `create table connector.run_steps (
    run_id uuid not null references connector.runs (id),
    key text not null,
    tenant_id uuid not null references connector.tenants (id),
    kind text not null check (kind in ('action', 'approval', 'step', 'sleep')),
    action text,
    connection_id uuid,
    digest text not null,
    input json,
    status text not null check (status in ('intended', 'waiting', 'unknown', 'succeeded', 'failed', 'denied')),
    output json,
    error json,
    attempts integer not null default 0,
    idempotency_key text not null,
    approval_id uuid references connector.approvals (id),
    planned_digest text,
    due_at timestamptz,
    attempted_at timestamptz,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (run_id, key),
    foreign key (tenant_id, connection_id) references connector.connections (tenant_id, id)
  )`,
  'create index run_steps_approval on connector.run_steps (approval_id) where approval_id is not null',
  `create table connector.policies (
    tenant_id uuid not null references connector.tenants (id),
    version integer not null check (version > 0),
    text text not null,
    created_by text not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, version)
  )`,
  `create table connector.audit_entries (
    tenant_id uuid not null,
    seq bigint not null check (seq > 0),
    run_id uuid,
    kind text not null,
    body text not null,
    previous_hash bytea not null check (octet_length(previous_hash) = 32),
    hash bytea not null check (octet_length(hash) = 32),
    primary key (tenant_id, seq)
  )`,
  'create index audit_entries_run on connector.audit_entries (run_id) where run_id is not null',
  `create table connector.audit_heads (
    tenant_id uuid primary key,
    seq bigint not null,
    hash bytea not null check (octet_length(hash) = 32)
  )`,
];

/** Every table of `types/database.ts`, the audit chain's function and guards, row-level security and grants. */
export const initial: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of [...tables, ...auditStatements, ...grantStatements]) {
      await sql.raw(statement).execute(db);
    }
  },
};
