import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  'alter table connector.policies drop constraint policies_pkey',
  // Null: the tenant's own text. Versions count by text.
  'alter table connector.policies add column workspace_id uuid',
  // The version whose text this one has again.
  'alter table connector.policies add column restores integer check (restores > 0)',
  `alter table connector.policies add foreign key (tenant_id, workspace_id)
    references connector.workspaces (tenant_id, id)`,
  `create unique index policies_version on connector.policies
    (tenant_id, (coalesce(workspace_id, '00000000-0000-0000-0000-000000000000'::uuid)), version)`,
];

/** Policy texts of workspaces, and versions that restore older ones. */
export const policies: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
