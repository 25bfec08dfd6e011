import { sql } from 'kysely';
import type { Db } from '../types/database.ts';

/** Where a tenant's actions may run: what policy is asked about when nothing has happened yet. */
export interface SubjectSource {
  /** Ids. */
  workspaces(tenantId: string): Promise<readonly string[]>;
  connections(
    tenantId: string,
  ): Promise<readonly { readonly workspaceId: string; readonly name: string; readonly connector: string }[]>;
  /** Workflows that ran for the tenant since. */
  workflows(tenantId: string, since: Date): Promise<readonly string[]>;
}

const MAX_WORKFLOWS = 50;

export function createPostgresSubjects(db: Db): SubjectSource {
  return {
    async workspaces(tenantId) {
      const rows = await db
        .selectFrom('connector.workspaces')
        .select('id')
        .where('tenant_id', '=', tenantId)
        .orderBy('name')
        .execute();
      return rows.map(({ id }) => id);
    },

    connections: (tenantId) =>
      db
        .selectFrom('connector.connections')
        .select(['workspace_id as workspaceId', 'name', 'connector'])
        .where('tenant_id', '=', tenantId)
        .where('deleted_at', 'is', null)
        .orderBy('name')
        .execute(),

    async workflows(tenantId, since) {
      const { rows } = await sql<{ workflow: string }>`
        select distinct workflow from connector.runs where tenant_id = ${tenantId} and created_at >= ${since}
        order by workflow limit ${MAX_WORKFLOWS}`.execute(db);
      return rows.map(({ workflow }) => workflow);
    },
  };
}
