import type { Manifest } from '@org/connector-sdk';
import { sql } from 'kysely';
import type { EnabledConnector } from '../types/connector-calls.ts';
import { RuntimeError } from '../types/errors.ts';
import type { TenantPorts } from './ports.ts';

export interface Enablement {
  readonly connector: string;
  readonly version: string;
  readonly digest: string;
  readonly enabledBy: string;
  readonly enabledAt: Date;
}

export interface Enablements {
  /** Makes this very artifact the tenant's version of its connector. Throws the artifact's refusal, or `TENANT_UNKNOWN`. */
  enable(tenantId: string, digest: string, by: string): Promise<EnabledConnector>;
  /** Throws `CONNECTOR_NOT_ENABLED`, or the artifact's refusal if it is no longer trusted. */
  enabled(tenantId: string, connector: string): Promise<EnabledConnector>;
  listEnablements(tenantId: string): Promise<readonly Enablement[]>;
  /** Of every enabled connector, as stored: for checking policy text against. */
  manifests(tenantId: string): Promise<readonly Manifest[]>;
}

export function createEnablements({ store, audit, artifacts, clock }: TenantPorts): Enablements {
  return {
    async enable(tenantId, digest, by) {
      const { manifest } = await artifacts.open(digest);
      await store.withTenant(tenantId, async (trx) => {
        const { rows } = await sql`
          insert into connector.enablements (tenant_id, connector, digest, enabled_by, enabled_at)
          select id, ${manifest.id}::text, ${digest}::text, ${by}::text, ${new Date(clock.now())}::timestamptz
          from connector.tenants where id = ${tenantId}
          on conflict (tenant_id, connector) do update
            set digest = excluded.digest, enabled_by = excluded.enabled_by, enabled_at = excluded.enabled_at
          returning connector`.execute(trx);
        if (rows.length === 0) throw new RuntimeError('TENANT_UNKNOWN', `there is no tenant ${tenantId}`);
        const record = {
          tenantId,
          kind: 'connector.enabled',
          actor: by,
          subject: `connector:${manifest.id}`,
          details: { digest, version: manifest.version },
        };
        await sql`select ${audit.append(record)}`.execute(trx);
      });
      return { digest, manifest };
    },

    async enabled(tenantId, connector) {
      const row = await store.db
        .selectFrom('connector.enablements')
        .select('digest')
        .where('tenant_id', '=', tenantId)
        .where('connector', '=', connector)
        .executeTakeFirst();
      if (row === undefined) {
        throw new RuntimeError(
          'CONNECTOR_NOT_ENABLED',
          `${connector} is not enabled here; enable one of its artifacts`,
        );
      }
      const { digest, manifest } = await artifacts.open(row.digest);
      return { digest, manifest };
    },

    listEnablements: (tenantId) =>
      store.withTenant(tenantId, async (trx) => {
        const rows = await trx
          .selectFrom('connector.enablements as n')
          .innerJoin('connector.artifacts as a', 'a.digest', 'n.digest')
          .select(['n.connector', 'a.version', 'n.digest', 'n.enabled_by', 'n.enabled_at'])
          .where('n.tenant_id', '=', tenantId)
          .orderBy('n.connector')
          .execute();
        return rows.map(({ enabled_by, enabled_at, ...row }) => ({
          ...row,
          enabledBy: enabled_by,
          enabledAt: enabled_at,
        }));
      }),

    async manifests(tenantId) {
      const rows = await store.db
        .selectFrom('connector.enablements as n')
        .innerJoin('connector.artifacts as a', 'a.digest', 'n.digest')
        .select('a.manifest')
        .where('n.tenant_id', '=', tenantId)
        .execute();
      return rows.map(({ manifest }) => manifest);
    },
  };
}
