import { sql, type Transaction } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { type ApprovalRule, DEFAULT_RULE } from '../types/approval-rule.ts';
import type { Database, Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import { requireFreeName } from './name-taken.ts';
import type { TenantPorts } from './ports.ts';

export interface Tenant {
  readonly id: string;
  readonly name: string;
}

export interface Workspace {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  /** The rule `default`; null: there is none. */
  readonly approvalRule: ApprovalRule | null;
}

export interface TenantDirectory {
  /** With a workspace `default`. Throws `NAME_TAKEN`. */
  createTenant(request: { name: string; by: string }): Promise<Tenant & { readonly workspaceId: string }>;
  listTenants(): Promise<readonly Tenant[]>;
  /** Throws `NAME_TAKEN` | `TENANT_UNKNOWN`. */
  createWorkspace(request: { tenantId: string; name: string; by: string }): Promise<Workspace>;
  listWorkspaces(tenantId: string): Promise<readonly Workspace[]>;
  /** Throws `WORKSPACE_UNKNOWN`. */
  workspace(tenantId: string, workspaceId: string): Promise<Workspace>;
}

export function createTenantDirectory({ store, audit, clock }: TenantPorts): TenantDirectory {
  return {
    async createTenant({ name, by }) {
      const id = uuidv7({ msecs: clock.now() });
      const workspaceId = uuidv7({ msecs: clock.now() });
      await requireFreeName('tenant', name, () =>
        store.withTenant(id, async (trx) => {
          await trx.insertInto('connector.tenants').values({ id, name }).execute();
          await trx
            .insertInto('connector.workspaces')
            .values({ id: workspaceId, tenant_id: id, name: 'default' })
            .execute();
          const record = {
            tenantId: id,
            kind: 'tenant.created',
            actor: by,
            subject: `tenant:${id}`,
            details: { name },
          };
          await sql`select ${audit.append(record)}`.execute(trx);
        }),
      );
      return { id, name, workspaceId };
    },

    listTenants: () => store.db.selectFrom('connector.tenants').select(['id', 'name']).orderBy('name').execute(),

    async createWorkspace({ tenantId, name, by }) {
      const id = uuidv7({ msecs: clock.now() });
      await requireFreeName('workspace', name, () =>
        store.withTenant(tenantId, async (trx) => {
          const { rows } = await sql`
            insert into connector.workspaces (id, tenant_id, name)
            select ${id}::uuid, id, ${name}::text from connector.tenants where id = ${tenantId}
            returning id`.execute(trx);
          if (rows.length === 0) throw new RuntimeError('TENANT_UNKNOWN', `there is no tenant ${tenantId}`);
          const record = {
            tenantId,
            kind: 'workspace.created',
            actor: by,
            subject: `workspace:${id}`,
            details: { name },
          };
          await sql`select ${audit.append(record)}`.execute(trx);
        }),
      );
      return { id, tenantId, name, approvalRule: null };
    },

    listWorkspaces: (tenantId) =>
      store.withTenant(tenantId, async (trx) => {
        const rows = await selectWorkspaces(trx, tenantId).orderBy('w.name').execute();
        return rows.map(toWorkspace);
      }),

    async workspace(tenantId, workspaceId) {
      const row = await selectWorkspaces(store.db, tenantId).where('w.id', '=', workspaceId).executeTakeFirst();
      if (row === undefined) throw new RuntimeError('WORKSPACE_UNKNOWN', `there is no workspace ${workspaceId} here`);
      return toWorkspace(row);
    },
  };
}

function selectWorkspaces(db: Db | Transaction<Database>, tenantId: string) {
  return db
    .selectFrom('connector.workspaces as w')
    .leftJoin('connector.approval_rules as r', (join) =>
      join.onRef('r.workspace_id', '=', 'w.id').on('r.name', '=', DEFAULT_RULE),
    )
    .select(['w.id', 'w.tenant_id', 'w.name', 'r.rule'])
    .where('w.tenant_id', '=', tenantId);
}

function toWorkspace(row: {
  readonly id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly rule: ApprovalRule | null;
}): Workspace {
  return { id: row.id, tenantId: row.tenant_id, name: row.name, approvalRule: row.rule };
}
