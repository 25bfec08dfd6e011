import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Db } from '../types/database.ts';
import { RuntimeError } from '../types/errors.ts';
import { parseReferencePolicy, type ReferencePolicy } from './reference-policy.ts';

export interface ReferencePolicies {
  /** What the tenant's references may point to; nothing, until it was set. */
  read(tenantId: string): Promise<ReferencePolicy>;
  /** Replaces it, at once and on every node. Throws `SECRET_REFERENCE_INVALID` | `TENANT_UNKNOWN`. */
  set(request: { readonly tenantId: string; readonly policy: unknown; readonly by: string }): Promise<ReferencePolicy>;
}

export function createReferencePolicies({
  db,
  audit,
}: {
  readonly db: Db;
  readonly audit: AuditTrail;
}): ReferencePolicies {
  return {
    async read(tenantId) {
      const row = await db
        .selectFrom('connector.reference_policies')
        .select('policy')
        .where('tenant_id', '=', tenantId)
        .executeTakeFirst();
      return row === undefined ? {} : parseReferencePolicy(row.policy);
    },

    async set({ tenantId, policy, by }) {
      const parsed = parseReferencePolicy(policy);
      const entry = {
        tenantId,
        kind: 'reference_policy.set',
        actor: by,
        subject: `tenant:${tenantId}`,
        details: { policy: parsed },
      };
      const { rows } = await sql`
        with written as (
          insert into connector.reference_policies (tenant_id, policy, set_by)
          select id, ${JSON.stringify(parsed)}::json, ${by}::text from connector.tenants where id = ${tenantId}
          on conflict (tenant_id) do update set policy = excluded.policy, set_by = excluded.set_by, set_at = now()
          returning tenant_id
        )
        select ${audit.append(entry)} from written`.execute(db);
      if (rows.length === 1) return parsed;
      throw new RuntimeError('TENANT_UNKNOWN', `there is no tenant ${tenantId}`);
    },
  };
}
