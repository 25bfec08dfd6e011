import { sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import type { RateBlock } from '../types/rate-block.ts';
import type { GateView } from './connection-gate.ts';
import type { LimitedConnection, RateLimit } from './ports.ts';
import { LIMITS_CHANNEL } from './postgres-rate-ledger.ts';

/** What administrators see of a connection's limits. */
export interface ConnectionLimits {
  /** The manifest's. */
  readonly declared: RateLimit;
  /** An administrator's, instead; null where there is none. */
  readonly set: RateOverride;
  readonly effective: RateLimit;
  /** On all nodes: how many hold a part of the concurrency, and how much of it. */
  readonly leased: { readonly nodes: number; readonly slots: number };
  /** `until`: ISO 8601. Null when the SaaS has nothing against the next request. */
  readonly blocked: (RateBlock & { readonly until: string }) | null;
  /** Of the node that answers; null when it has not used the connection lately. */
  readonly thisNode: GateView | null;
}

export interface RateOverride {
  readonly requestsPerMinute: number | null;
  readonly concurrency: number | null;
}

interface Row {
  readonly requests_per_minute: number | null;
  readonly concurrency: number | null;
  readonly blocked_until: Date | null;
  readonly block: RateBlock | null;
  readonly nodes: number;
  readonly slots: number;
}

export interface ConnectionLimitsPorts {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly gates: { view(connectionId: string): GateView | undefined };
}

/** What administrators see and set. The caller knows that the connection is the tenant's. */
export function createConnectionLimits({ db, audit, clock, gates }: ConnectionLimitsPorts) {
  return {
    async read({ id, tenantId }: LimitedConnection, declared: RateLimit): Promise<ConnectionLimits> {
      const now = new Date(clock.now());
      const { rows } = await sql<Row>`
        select b.requests_per_minute, b.concurrency, b.blocked_until, b.block,
          count(l.node_id)::int as nodes, coalesce(sum(l.slots), 0)::int as slots
        from connector.rate_budgets b
        left join connector.rate_leases l on l.connection_id = b.connection_id and l.expires_at > ${now}
        where b.connection_id = ${id} and b.tenant_id = ${tenantId}
        group by b.connection_id`.execute(db);
      const [row] = rows;
      const isBlocked = row?.blocked_until != null && row.blocked_until > now;
      return {
        declared,
        set: { requestsPerMinute: row?.requests_per_minute ?? null, concurrency: row?.concurrency ?? null },
        effective: {
          requestsPerMinute: row?.requests_per_minute ?? declared.requestsPerMinute,
          concurrency: row?.concurrency ?? declared.concurrency,
        },
        leased: { nodes: row?.nodes ?? 0, slots: row?.slots ?? 0 },
        blocked: isBlocked
          ? { ...(row.block ?? { status: null }), until: row.blocked_until?.toISOString() ?? '' }
          : null,
        thisNode: gates.view(id) ?? null,
      };
    },

    /** In the place of the manifest's, or that again for null. Nodes that hold a lease ask anew when they hear of it. */
    async set({ id, tenantId }: LimitedConnection, override: RateOverride, by: string): Promise<void> {
      const { requestsPerMinute, concurrency } = override;
      const record = {
        tenantId,
        kind: 'connection.rate_limit_set',
        actor: by,
        subject: `connection:${id}`,
        details: { requestsPerMinute, concurrency },
      };
      const notice = JSON.stringify({ kind: 'share', connectionId: id, nodeId: by });
      await sql`
        with budget as (
          insert into connector.rate_budgets as b (connection_id, tenant_id, requests_per_minute, concurrency)
          values (${id}, ${tenantId}, ${requestsPerMinute}::int, ${concurrency}::int)
          on conflict (connection_id) do update
            set requests_per_minute = excluded.requests_per_minute, concurrency = excluded.concurrency
            where b.tenant_id = excluded.tenant_id
          returning connection_id
        )
        select ${audit.append(record)}, pg_notify(${LIMITS_CHANNEL}, ${notice}) from budget`.execute(db);
    },
  };
}
