import type { Manifest } from '@org/connector-sdk';
import { sql } from 'kysely';
import type { EnabledConnector } from '../types/connector-calls.ts';
import { RuntimeError } from '../types/errors.ts';
import type { TenantPorts } from './ports.ts';
import { checkFloor, raiseFloor, setFloor } from './version-floors.ts';

export interface Enablement {
  readonly connector: string;
  readonly version: string;
  readonly digest: string;
  readonly enabledBy: string;
  readonly enabledAt: Date;
  /** Nothing older can be enabled. */
  readonly floor: string;
}

interface FloorSetting {
  readonly connector: string;
  readonly version: string;
  readonly reason: string;
  readonly by: string;
}

export interface Enablements {
  /**
   * Makes this very artifact the tenant's version of its connector, and its version the floor. Throws the artifact's refusal
   * (`ARTIFACT_ROLLBACK` below the floor), or `TENANT_UNKNOWN`.
   */
  enable(tenantId: string, digest: string, by: string): Promise<EnabledConnector>;
  /** Throws `CONNECTOR_NOT_ENABLED`, or the artifact's refusal if it is no longer trusted. */
  enabled(tenantId: string, connector: string): Promise<EnabledConnector>;
  listEnablements(tenantId: string): Promise<readonly Enablement[]>;
  /** Says from which version on releases can be enabled, to go back on purpose. Throws `CONNECTOR_NOT_ENABLED`. */
  setVersionFloor(tenantId: string, floor: FloorSetting): Promise<void>;
  /** Of every enabled connector, as stored: for checking policy text against. */
  manifests(tenantId: string): Promise<readonly Manifest[]>;
}

export function createEnablements({ store, audit, artifacts, clock }: TenantPorts): Enablements {
  async function find(tenantId: string, connector: string) {
    return store.db
      .selectFrom('connector.enablements as n')
      .innerJoin('connector.artifacts as a', 'a.digest', 'n.digest')
      .leftJoin('connector.version_floors as f', (join) =>
        join.onRef('f.tenant_id', '=', 'n.tenant_id').onRef('f.connector', '=', 'n.connector'),
      )
      .select(['n.digest', 'f.version as floor'])
      .where('n.tenant_id', '=', tenantId)
      .where('n.connector', '=', connector)
      .executeTakeFirst();
  }

  return {
    async enable(tenantId, digest, by) {
      // What the tenant runs already is not held to the rules for what is new to it.
      const isEnabled = await store.db
        .selectFrom('connector.enablements')
        .select('digest')
        .where('tenant_id', '=', tenantId)
        .where('digest', '=', digest)
        .executeTakeFirst();
      const { manifest } = await artifacts.open(digest, isEnabled ? 'load' : 'enable');
      const { id: connector, version } = manifest;
      const now = new Date(clock.now());
      const enabling = store.withTenant(tenantId, async (trx) => {
        const { rows } = await sql`
          insert into connector.enablements (tenant_id, connector, digest, enabled_by, enabled_at)
          select id, ${connector}::text, ${digest}::text, ${by}::text, ${now}::timestamptz
          from connector.tenants where id = ${tenantId}
          on conflict (tenant_id, connector) do update
            set digest = excluded.digest, enabled_by = excluded.enabled_by, enabled_at = excluded.enabled_at
          returning connector`.execute(trx);
        if (rows.length === 0) throw new RuntimeError('TENANT_UNKNOWN', `there is no tenant ${tenantId}`);
        await raiseFloor(trx, { tenantId, connector, version, by, now });
        const details = { digest, version };
        const record = { tenantId, kind: 'connector.enabled', actor: by, subject: `connector:${connector}`, details };
        await sql`select ${audit.append(record)}`.execute(trx);
      });
      await enabling.catch(async (error: unknown) => {
        if (!(error instanceof RuntimeError) || error.code !== 'ARTIFACT_ROLLBACK') throw error;
        const details = { code: error.code, digest, ...error.details };
        await audit.record({
          tenantId,
          kind: 'connector.refused',
          actor: by,
          subject: `connector:${connector}`,
          details,
        });
        throw error;
      });
      return { digest, manifest };
    },

    async enabled(tenantId, connector) {
      const row = await find(tenantId, connector);
      if (row === undefined) {
        throw new RuntimeError(
          'CONNECTOR_NOT_ENABLED',
          `${connector} is not enabled here; enable one of its artifacts`,
        );
      }
      const { digest, manifest } = await artifacts.open(row.digest);
      checkFloor(connector, manifest.version, row.floor);
      return { digest, manifest };
    },

    listEnablements: (tenantId) =>
      store.withTenant(tenantId, async (trx) => {
        const rows = await trx
          .selectFrom('connector.enablements as n')
          .innerJoin('connector.artifacts as a', 'a.digest', 'n.digest')
          .innerJoin('connector.version_floors as f', (join) =>
            join.onRef('f.tenant_id', '=', 'n.tenant_id').onRef('f.connector', '=', 'n.connector'),
          )
          .select(['n.connector', 'a.version', 'n.digest', 'n.enabled_by', 'n.enabled_at', 'f.version as floor'])
          .where('n.tenant_id', '=', tenantId)
          .orderBy('n.connector')
          .execute();
        return rows.map(({ enabled_by, enabled_at, ...row }) => ({
          ...row,
          enabledBy: enabled_by,
          enabledAt: enabled_at,
        }));
      }),

    setVersionFloor: (tenantId, { connector, version, reason, by }) =>
      store.withTenant(tenantId, async (trx) => {
        const before = await setFloor(trx, { tenantId, connector, version, by, now: new Date(clock.now()) });
        const record = {
          tenantId,
          kind: 'connector.floor_set',
          actor: by,
          subject: `connector:${connector}`,
          details: { before, version, reason },
        };
        await sql`select ${audit.append(record)}`.execute(trx);
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
