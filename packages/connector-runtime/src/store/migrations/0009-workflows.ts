import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  // The version that a run started with, the newest one that has worked on it, and when it has to be over.
  `alter table connector.runs
    add column version integer not null default 1 check (version > 0),
    add column code_version integer not null default 1 check (code_version >= version),
    add column deadline_at timestamptz,
    drop constraint runs_status_check,
    add constraint runs_status_check check (status in
      ('queued', 'running', 'waiting', 'cancelling', 'completed', 'denied', 'failed', 'diverged', 'cancelled'))`,
  'drop index connector.runs_unfinished',
  `create index runs_unfinished on connector.runs (updated_at)
    where status in ('queued', 'running', 'waiting', 'cancelling')`,
  // `turn`: in which order results came to the workflow, where others were open. `event_id`: what answered a wait.
  `alter table connector.run_steps
    add column turn integer check (turn > 0),
    add column event_id uuid references connector.events (id),
    drop constraint run_steps_kind_check,
    add constraint run_steps_kind_check check (kind in ('action', 'approval', 'step', 'sleep', 'patch', 'event'))`,
  // `jsonb` here: a filter is the workflow's own data, and is compared inside the database.
  `create table connector.event_waits (
    run_id uuid not null references connector.runs (id),
    step_key text not null,
    tenant_id uuid not null,
    workspace_id uuid not null,
    trigger text not null,
    match jsonb not null check (jsonb_typeof(match) = 'object'),
    created_at timestamptz not null,
    primary key (run_id, step_key),
    foreign key (tenant_id, workspace_id) references connector.workspaces (tenant_id, id)
  )`,
  'create index event_waits_trigger on connector.event_waits (workspace_id, trigger)',
  'create index events_trigger on connector.events (workspace_id, trigger, received_at, id)',
  'grant select, insert, update, delete on connector.event_waits to connector_app',
  'alter table connector.event_waits enable row level security',
  'alter table connector.event_waits force row level security',
  `create policy tenant on connector.event_waits using (
    tenant_id::text = (select current_setting('connector.tenant', true))
    or (select current_setting('connector.tenant', true)) = '*')`,
];

/** Versions, deadlines and cancellation of runs, what they wait for, and the order in which their steps ended. */
export const workflows: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
