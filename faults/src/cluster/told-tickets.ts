import { sql } from 'kysely';
import type { Cluster } from './cluster.ts';
import type { ClusterTenant } from './tenant.ts';
import type { Hook } from './webhook-sender.ts';

/** A ticket that a tenant's vendor told of, and whether any of its deliveries was answered 2xx. */
export interface ToldTicket {
  readonly tenant: ClusterTenant;
  readonly trigger: Hook['trigger'];
  readonly ticket: string;
  readonly acknowledged: boolean;
}

interface Row {
  readonly at: string;
  readonly events: number;
  readonly runs: number;
  readonly completed: number;
  readonly audited: number;
  /** Of the runs, and of their steps. */
  readonly states: string | null;
}

const NONE = { events: 0, runs: 0, completed: 0, audited: 0, states: null };

/**
 * What was acknowledged is one event, one run that completed, and one write; what was not is at most that. Compared from
 * outside: what the sender was told, what the database and its audit hold, and what the SaaS saw.
 */
export async function compareTickets(cluster: Cluster, told: readonly ToldTicket[]): Promise<string[]> {
  const rows = await sql<Row>`
    with ended as (
      select run_id, count(*) as entries from connector.audit_entries where kind = 'run.completed' group by run_id
    )
    select e.tenant_id || ' ' || split_part(e.trigger, '.', 2) || ' ' || (e.data->>'ticket') as at,
           count(distinct e.id)::int as events, count(r.id)::int as runs,
           (count(*) filter (where r.status = 'completed'))::int as completed, coalesce(sum(ended.entries), 0)::int as audited,
           string_agg(r.status || coalesce(': ' || journal.steps, ''), '; ') as states
    from connector.events e left join connector.runs r on r.event_id = e.id left join ended on ended.run_id = r.id
    left join lateral (
      select string_agg(s.key || ' ' || s.status || ' after ' || s.attempts || ' attempts', ', ') as steps
      from connector.run_steps s where s.run_id = r.id
    ) journal on true
    group by 1`.execute(cluster.database.db());
  const found = new Map(rows.rows.map((row) => [row.at, row]));
  const violations: string[] = [];
  for (const { tenant, trigger, ticket, acknowledged } of told) {
    const at = `${tenant.id} ${trigger} ${ticket}`;
    const { events, runs, completed, audited, states } = found.get(at) ?? NONE;
    const writes = cluster.saas.keysOf(tenant.account, ticket).size;
    const counts = [events, runs, completed, audited, writes];
    const isKept = counts.every((count) => count === 1) || (!acknowledged && counts.every((count) => count === 0));
    found.delete(at);
    if (isKept) continue;
    const how = acknowledged ? 'was answered 2xx' : 'was never answered 2xx';
    violations.push(
      `${trigger} ${ticket} of ${tenant.account} ${how}: ${events} events, ${runs} runs, ${completed} completed (${audited} audited), ${writes} writes (${states ?? 'no run'})`,
    );
  }
  for (const at of found.keys()) violations.push(`${at} is an event that nobody told of`);
  return violations;
}
