import { sql } from 'kysely';
import type { RefusalLedger } from '../ingress/index.ts';
import type { Db } from '../types/database.ts';
import type { RunStatus } from '../types/run.ts';

export interface Stats {
  readonly deliveries: {
    /** Rows in the database, of all nodes. */
    readonly accepted: number;
    /** In the audit, of all nodes, and what this node has counted since its last flush. */
    readonly duplicates: number;
    readonly rejected: number;
    /** In the audit, of all nodes. */
    readonly rejectedAudited: number;
  };
  readonly runs: Readonly<Partial<Record<RunStatus, number>>>;
  /** By status: who watches `reauth_required` sees grants that ended. */
  readonly connections: Readonly<Partial<Record<'ready' | 'reauth_required' | 'disabled', number>>>;
}

export interface StatsReader {
  read(tenantId?: string): Promise<Stats>;
}

/** Figures that survive a restart. Of one tenant: without what was refused before an endpoint was known. */
export function createStats({ db, refusals }: { readonly db: Db; readonly refusals: RefusalLedger }): StatsReader {
  return {
    async read(tenantId) {
      const of = tenantId === undefined ? sql`true` : sql`tenant_id = ${tenantId}`;
      const { rows } = await sql<{ kind: string; n: string }>`
        select 'accepted' as kind, count(*) as n from connector.deliveries
        where endpoint_id in (select id from connector.endpoints where ${of})
        union all
        select kind, sum((body::json -> 'details' ->> 'count')::bigint) from connector.audit_entries
        where kind in ('webhook.rejected', 'webhook.duplicate') and ${of} group by kind
        union all
        select 'run ' || status, count(*) from connector.runs where ${of} group by status
        union all
        select 'connection ' || status, count(*) from connector.connections
        where deleted_at is null and ${of} group by status`.execute(db);
      const figures = new Map(rows.map(({ kind, n }) => [kind, Number(n)]));
      const figure = (kind: string) => figures.get(kind) ?? 0;
      const pending = tenantId === undefined ? refusals.pending() : { duplicates: 0, rejected: 0 };
      const byStatus = (prefix: string) =>
        Object.fromEntries(
          [...figures].flatMap(([kind, n]) => (kind.startsWith(prefix) ? [[kind.slice(prefix.length), n]] : [])),
        );
      return {
        deliveries: {
          accepted: figure('accepted'),
          duplicates: figure('webhook.duplicate') + pending.duplicates,
          rejected: figure('webhook.rejected') + pending.rejected,
          rejectedAudited: figure('webhook.rejected'),
        },
        runs: byStatus('run '),
        connections: byStatus('connection '),
      };
    },
  };
}
