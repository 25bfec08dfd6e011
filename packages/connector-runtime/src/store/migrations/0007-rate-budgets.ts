import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { leaseRate } from './lease-rate.ts';
import { tenantOnly } from './tenant-only.ts';

const statements = [
  // What a connection may send (GCRA): `next_at` is when the next request would be due at an even pace.
  `create table connector.rate_budgets (
    connection_id uuid primary key,
    tenant_id uuid not null,
    requests_per_minute integer check (requests_per_minute between 1 and 1000000),
    concurrency integer check (concurrency between 1 and 10000),
    next_at timestamptz not null default '-infinity',
    turn bigint not null default 0,
    step_seconds double precision not null default 0,
    blocked_until timestamptz,
    block json,
    foreign key (tenant_id, connection_id) references connector.connections (tenant_id, id)
  )`,
  // How much of the concurrency each node has in hand; a node that is gone has it no longer than until `expires_at`.
  `create table connector.rate_leases (
    connection_id uuid not null references connector.rate_budgets (connection_id),
    node_id uuid not null,
    tenant_id uuid not null,
    wanted_slots integer not null check (wanted_slots >= 0),
    slots integer not null check (slots >= 0),
    held_since timestamptz not null,
    expires_at timestamptz not null,
    primary key (connection_id, node_id)
  )`,
  ...leaseRate,
  'grant select, insert, update on connector.rate_budgets to connector_app',
  'grant select, insert, update, delete on connector.rate_leases to connector_app',
  ...tenantOnly('rate_budgets'),
  ...tenantOnly('rate_leases'),
];

/** Budgets of connections, and the slices of them that nodes hold. */
export const rateBudgets: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
