import { type RawBuilder, sql } from 'kysely';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import type { PollLease } from './poll-lease.ts';

export interface PollPair {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly trigger: string;
}

/** What is to be polled, and by whom: one node at a time for each connection and trigger, whichever comes first. */
export interface PollClaims {
  /** Makes rows for what has come to be polled; those of deleted connections go. A row that is there stays as it is. */
  refresh(): Promise<void>;
  /** What is due longest first. */
  claimDue(limit: number): Promise<readonly PollLease[]>;
  /** Due or not, audited. Undefined while another turn is under way. */
  claimOne(pair: PollPair, by: string): Promise<PollLease | undefined>;
}

interface Row {
  readonly tenant_id: string;
  readonly workspace_id: string;
  readonly connection_id: string;
  readonly trigger: string;
  readonly generation: number;
  readonly cursor: string | null;
  readonly interval_ms: number | null;
  readonly failures: number;
  readonly manifest_seconds: number;
  readonly last_success_at: Date | null;
}

export function createPollClaims(options: {
  readonly db: Db;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  /** Names this node. */
  readonly holder: string;
  readonly leaseMs: number;
  readonly triggers: readonly string[];
}): PollClaims {
  const { db, audit, clock, holder, leaseMs, triggers } = options;

  /** Asked of the manifest that is enabled now: what a release no longer polls is not polled, and its cursor is kept. */
  function claim(which: RawBuilder<unknown>, limit: number): RawBuilder<Row> {
    const now = new Date(clock.now());
    return sql<Row>`
      with free as (
        select p.connection_id, p.trigger, c.workspace_id, (${polling}->>'intervalSeconds')::float8 as manifest_seconds
        from ${pairs}
        where ${which} and p.trigger = any(${triggers}) and ${polling} is not null
          and c.status = 'ready' and c.deleted_at is null
          and (p.lease_until is null or p.lease_until <= ${now}) and (p.not_before is null or p.not_before <= ${now})
        order by p.next_due_at limit ${limit} for update of p skip locked
      )
      update connector.poll_cursors p
      set generation = p.generation + 1, lease_holder = ${holder}, lease_until = ${new Date(clock.now() + leaseMs)}
      from free where p.connection_id = free.connection_id and p.trigger = free.trigger
      returning p.tenant_id, free.workspace_id, p.connection_id, p.trigger, p.generation, p.cursor, p.interval_ms,
                p.failures, free.manifest_seconds, p.last_success_at`;
  }

  return {
    async refresh() {
      await sql`
        delete from connector.poll_cursors p using connector.connections c
        where c.id = p.connection_id and c.deleted_at is not null`.execute(db);
      if (triggers.length === 0) return;
      const now = new Date(clock.now());
      await sql`
        insert into connector.poll_cursors (connection_id, trigger, tenant_id, next_due_at, created_at)
        select c.id, n.connector || '.' || t.key, c.tenant_id, ${now}::timestamptz, ${now}::timestamptz
        from connector.connections c
        join connector.enablements n on n.tenant_id = c.tenant_id and n.connector = c.connector
        join connector.artifacts a on a.digest = n.digest
        cross join lateral json_each(a.manifest->'triggers') t
        where c.status = 'ready' and c.deleted_at is null and t.value->'polling' is not null
          and n.connector || '.' || t.key = any(${triggers})
        on conflict (connection_id, trigger) do nothing`.execute(db);
    },

    async claimDue(limit) {
      if (triggers.length === 0) return [];
      const { rows } = await claim(sql`p.next_due_at <= ${new Date(clock.now())}`, limit).execute(db);
      return rows.map(toLease);
    },

    claimOne: ({ tenantId, connectionId, trigger }, by) =>
      db.transaction().execute(async (trx) => {
        const one = sql`p.tenant_id = ${tenantId} and p.connection_id = ${connectionId} and p.trigger = ${trigger}`;
        const [row] = (await claim(one, 1).execute(trx)).rows;
        if (row === undefined) return undefined;
        const record = {
          tenantId,
          kind: 'poll.requested',
          actor: by,
          subject: `connection:${connectionId}`,
          details: { trigger },
        };
        await sql`select ${audit.append(record)}`.execute(trx);
        return toLease(row);
      }),
  };
}

/** Rows with what is enabled for them. */
export const pairs = sql`connector.poll_cursors p
  join connector.connections c on c.id = p.connection_id and c.tenant_id = p.tenant_id
  left join connector.enablements n on n.tenant_id = c.tenant_id and n.connector = c.connector
  left join connector.artifacts a on a.digest = n.digest`;

/** The polling of the row's trigger in the enabled manifest; null where it has none. */
export const polling = sql`(a.manifest->'triggers'->substr(p.trigger, length(c.connector) + 2)->'polling')`;

function toLease(row: Row): PollLease {
  return {
    tenantId: row.tenant_id,
    workspaceId: row.workspace_id,
    connectionId: row.connection_id,
    trigger: row.trigger,
    generation: row.generation,
    cursor: row.cursor ?? undefined,
    intervalMs: row.interval_ms ?? undefined,
    failures: row.failures,
    manifestSeconds: row.manifest_seconds,
    lastSuccessAt: row.last_success_at?.getTime(),
  };
}
