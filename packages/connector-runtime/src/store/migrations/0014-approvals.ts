import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { tenantOnly } from './tenant-only.ts';

const statements = [
  `create table connector.approval_rules (
    workspace_id uuid not null,
    name text not null,
    tenant_id uuid not null,
    rule json not null,
    primary key (workspace_id, name),
    foreign key (tenant_id, workspace_id) references connector.workspaces (tenant_id, id)
  )`,
  // Row-level security binds the owner too, unless it is a superuser.
  `select set_config('connector.tenant', '*', true)`,
  `insert into connector.approval_rules (workspace_id, name, tenant_id, rule)
    select id, 'default', tenant_id, approval_rule from connector.workspaces where approval_rule is not null`,
  'alter table connector.workspaces drop column approval_rule',
  `alter table connector.approvals
    add column rule text not null default 'default',
    add column needed integer not null default 1 check (needed > 0),
    add column reminders integer not null default 0 check (reminders >= 0),
    add unique (tenant_id, id)`,
  // Where a question is asked in addition, after a time: one place at most.
  `create table connector.approval_escalations (
    approval_id uuid primary key,
    tenant_id uuid not null,
    rule text not null,
    needed integer not null check (needed > 0),
    connection_id uuid not null,
    connector text not null,
    channel text not null,
    target json not null,
    ref json,
    escalated_at timestamptz not null,
    foreign key (tenant_id, approval_id) references connector.approvals (tenant_id, id),
    foreign key (tenant_id, connection_id) references connector.connections (tenant_id, id)
  )`,
  // One row for each person, however often and wherever they click.
  `create table connector.approval_decisions (
    approval_id uuid not null,
    person text not null,
    tenant_id uuid not null,
    actor text not null,
    decision text not null check (decision in ('approved', 'denied')),
    via text not null,
    rules text[] not null,
    decided_at timestamptz not null,
    primary key (approval_id, person),
    foreign key (tenant_id, approval_id) references connector.approvals (tenant_id, id)
  )`,
  'grant select, insert, update, delete on connector.approval_rules to connector_app',
  'grant select, insert, update on connector.approval_escalations, connector.approval_decisions to connector_app',
  ...['approval_rules', 'approval_escalations', 'approval_decisions'].flatMap(tenantOnly),
];

/** Several named rules for each workspace, several people for each question, and a second place to ask in. */
export const approvals: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
