import { sql } from 'kysely';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import { HORIZON_MS, LEASE_MS } from './lease.ts';
import type { RateLedger } from './ports.ts';

/** The channel on which nodes tell each other of blocks and shares. */
export const LIMITS_CHANNEL = 'connector_limits';

interface GrantRow {
  readonly turn: string;
  readonly tokens: number;
  readonly first_ms: number;
  readonly step_ms: number;
  readonly slots: number;
  readonly concurrency: number;
  readonly blocked_ms: number;
}

/** `clock`: left out, the database's own, which is the same for all nodes. */
export function createPostgresRateLedger(options: {
  readonly db: Db;
  readonly nodeId: string;
  readonly clock?: Clock;
}): RateLedger {
  const { db, nodeId, clock } = options;
  const givenNow = () => (clock === undefined ? null : new Date(clock.now()));
  return {
    async lease(ask) {
      const { connection, limit } = ask;
      const { rows } = await sql<GrantRow>`
        select turn, tokens, first_ms, step_ms, slots, concurrency, blocked_ms from connector.lease_rate(
          ${connection.tenantId}::uuid, ${connection.id}::uuid, ${nodeId}::uuid, ${limit.requestsPerMinute}::int,
          ${limit.concurrency}::int, ${ask.tokens}::int, ${ask.slots}::int, ${ask.slotsInUse}::int,
          ${ask.unusedTokens}::int, ${ask.lastTurn}::bigint, ${LEASE_MS}::int, ${HORIZON_MS}::int,
          ${givenNow()}::timestamptz)`.execute(db);
      const [row] = rows;
      if (row === undefined) throw new Error('lease_rate gives one row');
      const { turn, tokens, slots, concurrency } = row;
      return {
        turn,
        tokens,
        slots,
        concurrency,
        firstInMs: row.first_ms,
        stepMs: row.step_ms,
        blockedMs: row.blocked_ms,
      };
    },

    async block({ id, tenantId }, block, forMs) {
      const about = JSON.stringify({ kind: 'block', connectionId: id, nodeId, forMs: Math.ceil(forMs) });
      await sql`
        with blocked as (
          insert into connector.rate_budgets as b (connection_id, tenant_id, blocked_until, block)
          values (${id}, ${tenantId}, coalesce(${givenNow()}::timestamptz, clock_timestamp())
            + make_interval(secs => ${forMs / 1000}::double precision), ${JSON.stringify(block)}::json)
          on conflict (connection_id) do update set blocked_until = excluded.blocked_until, block = excluded.block
          where b.tenant_id = excluded.tenant_id
            and (b.blocked_until is null or b.blocked_until < excluded.blocked_until)
          returning b.connection_id
        )
        select pg_notify(${LIMITS_CHANNEL}, ${about}) from blocked`.execute(db);
    },
  };
}
