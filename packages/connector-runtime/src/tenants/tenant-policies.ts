import { sql } from 'kysely';
import { RuntimeError } from '../types/errors.ts';
import type { Enablements } from './enablements.ts';
import type { TenantPorts } from './ports.ts';

export interface PolicyVersion {
  readonly version: number;
  /** Cedar. */
  readonly text: string;
}

export interface TenantPolicies {
  /** A new version; the old ones stay. Throws `POLICY_INVALID` | `TENANT_UNKNOWN`. */
  setPolicy(request: { tenantId: string; text: string; by: string }): Promise<PolicyVersion>;
  /** The newest; undefined when the defaults alone decide. */
  policy(tenantId: string): Promise<PolicyVersion | undefined>;
}

export function createTenantPolicies(
  { store, audit, policies }: TenantPorts,
  enablements: Enablements,
): TenantPolicies {
  return {
    async setPolicy({ tenantId, text, by }) {
      await policies.validate(text, await enablements.manifests(tenantId));
      return store.withTenant(tenantId, async (trx) => {
        // One writer per tenant at a time: versions have neither gaps nor clashes.
        await sql`select pg_advisory_xact_lock(hashtextextended(${`connector.policy ${tenantId}`}, 0))`.execute(trx);
        const { rows } = await sql<{ version: number }>`
          insert into connector.policies (tenant_id, version, text, created_by)
          select id, coalesce((select max(version) from connector.policies where tenant_id = ${tenantId}), 0) + 1,
                 ${text}::text, ${by}::text
          from connector.tenants where id = ${tenantId}
          returning version`.execute(trx);
        const [row] = rows;
        if (row === undefined) throw new RuntimeError('TENANT_UNKNOWN', `there is no tenant ${tenantId}`);
        const { version } = row;
        const record = { tenantId, kind: 'policy.set', actor: by, subject: `policy:${version}`, details: { version } };
        await sql`select ${audit.append(record)}`.execute(trx);
        return { version, text };
      });
    },

    policy: (tenantId) =>
      store.db
        .selectFrom('connector.policies')
        .select(['version', 'text'])
        .where('tenant_id', '=', tenantId)
        .orderBy('version', 'desc')
        .limit(1)
        .executeTakeFirst(),
  };
}
