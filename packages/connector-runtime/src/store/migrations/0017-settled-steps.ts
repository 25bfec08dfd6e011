import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How often a write was looked for, and what a person said of it. */
export const settledSteps: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`
      alter table connector.run_steps
        add column looks integer not null default 0 check (looks >= 0),
        add column settled json`.execute(db);
    // Few steps are unknown at any time: the list of them reads nothing else.
    await sql`create index run_steps_unsettled on connector.run_steps (tenant_id) where status = 'unknown'`.execute(db);
  },
};
