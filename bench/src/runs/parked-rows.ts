import { stepDigest } from '@org/connector-runtime/stages';
import { sql } from 'kysely';
import { PgBoss } from 'pg-boss';
import { v7 } from 'uuid';
import type { Cluster } from '../../../faults/src/cluster/cluster.ts';
import type { ClusterTenant } from '../../../faults/src/cluster/tenant.ts';

const CHUNK = 2_000;
const DUE_MS = 30 * 24 * 60 * 60 * 1000;
/** Where the runtime keeps its jobs. */
const JOB_SCHEMA = 'connector_jobs';

export const parkedTicket = (at: number) => `natural-parked-${at}`;

/**
 * Runs of `write-when-noticed` as the runtime leaves them when they wait, in bulk: event, run, step, wait, and the job that is due in
 * a month. Their audit entries are left out.
 */
export async function park(cluster: Cluster, tenant: ClusterTenant, count: number): Promise<void> {
  const boss = new PgBoss({
    connectionString: cluster.database.url,
    schema: JOB_SCHEMA,
    migrate: false,
    schedule: false,
    supervise: false,
  });
  boss.on('error', () => undefined);
  await boss.start();
  try {
    for (let from = 0; from < count; from += CHUNK) {
      const tickets = Array.from({ length: Math.min(CHUNK, count - from) }, (_, at) => parkedTicket(from + at));
      const runs = await parkSome(cluster, tenant, tickets);
      const startAfter = new Date(Date.now() + DUE_MS);
      const jobs = runs.map((id) => ({ id: v7(), singletonKey: id, data: { id }, startAfter }));
      await boss.insert('run', jobs);
    }
  } finally {
    await boss.stop();
  }
  await sql`analyze`.execute(cluster.database.db());
}

async function parkSome(cluster: Cluster, tenant: ClusterTenant, tickets: readonly string[]): Promise<string[]> {
  const runs = tickets.map(() => v7());
  const events = tickets.map(() => v7());
  const digests = tickets.map((ticket) =>
    stepDigest({ kind: 'event', trigger: 'tickets.noticed', match: { ticket }, since: 'now' }),
  );
  const now = new Date();
  const due = new Date(now.getTime() + DUE_MS);
  const { id, workspaceId, connectionId } = tenant;
  await sql`
    with parked as materialized (
      select * from unnest(${runs}::uuid[], ${events}::uuid[], ${tickets}::text[], ${digests}::text[]) as p (run, event, ticket, digest)
    ), event as (
      insert into connector.events
        (id, tenant_id, workspace_id, connection_id, trigger, event_key, data, received_at)
      select event, ${id}::uuid, ${workspaceId}::uuid, ${connectionId}::uuid, 'tickets.changed', ticket,
        json_build_object('ticket', ticket), ${now}::timestamptz from parked
    ), run as (
      insert into connector.runs
        (id, tenant_id, workspace_id, workflow, event_id, status, generation, created_at, updated_at)
      select run, ${id}::uuid, ${workspaceId}::uuid, 'write-when-noticed', event, 'waiting', 1, ${now}::timestamptz,
        ${now}::timestamptz from parked
    ), step as (
      insert into connector.run_steps (run_id, key, tenant_id, kind, digest, status, idempotency_key, due_at)
      select run, 'tickets.noticed#1', ${id}::uuid, 'event', digest, 'waiting', '', ${due}::timestamptz from parked
    )
    insert into connector.event_waits (run_id, step_key, tenant_id, workspace_id, trigger, match, created_at)
    select run, 'tickets.noticed#1', ${id}::uuid, ${workspaceId}::uuid, 'tickets.noticed',
      jsonb_build_object('ticket', ticket), ${now}::timestamptz from parked`.execute(cluster.database.db());
  return runs;
}
