import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How many of a step's attempts ended with their node. */
export const lostAttempts: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`alter table connector.run_steps add column lost integer not null default 0 check (lost >= 0)`.execute(db);
  },
};
