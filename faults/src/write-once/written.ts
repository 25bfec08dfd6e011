import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { createAdminClient } from '../../../examples/incident-triage/src/admin-client.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { WriteSaas } from './saas.ts';

/** A ticket's run, and what the ledger says of its write. */
interface Written {
  readonly ticket: string;
  readonly runId: string;
  readonly run: string;
  readonly stepKey: string | null;
  readonly step: string | null;
  /** Nothing will look at it again but a person. */
  readonly isLeft: boolean;
}

async function readWritten({ database }: Cluster): Promise<Written[]> {
  const { rows } = await sql<Written>`
    select e.data->>'ticket' as ticket, r.id as "runId", r.status as run, s.key as "stepKey", s.status as step,
      coalesce(r.status = 'waiting' and s.status = 'unknown' and s.due_at is null, false) as "isLeft"
    from connector.runs r join connector.events e on e.id = r.event_id
    left join connector.run_steps s on s.run_id = r.id and s.key like 'tickets.write-%'`.execute(database.db());
  return rows;
}

/** Resolves once each of so many tickets has a run that is over, or that only a person can go on with; or when it took too long. */
export async function untilWritten(cluster: Cluster, tickets: number, withinMs: number): Promise<Written[]> {
  for (const start = performance.now(); ; await pause(250)) {
    const written = await readWritten(cluster);
    const open = written.filter(
      ({ run, isLeft }) => !isLeft && !['completed', 'failed', 'denied', 'cancelled'].includes(run),
    );
    if ((open.length === 0 && written.length >= tickets) || performance.now() - start > withinMs) return written;
  }
}

/** At most one effect; and what the ledger says is so, or it says that it does not know. */
export function judge(tickets: readonly string[], written: readonly Written[], saas: WriteSaas): string[] {
  const found = Map.groupBy(written, ({ ticket }) => ticket);
  return tickets.flatMap((ticket) => {
    const runs = found.get(ticket) ?? [];
    const [one] = runs;
    const effects = saas.effects(ticket);
    if (one === undefined || runs.length > 1) return [`${ticket} has ${runs.length} runs`];
    if (effects > 1) return [`${ticket} took effect ${effects} times`];
    if (one.step === 'succeeded' && one.run === 'completed')
      return effects === 1 ? [] : [`${ticket} succeeded without an effect`];
    if (one.step === 'failed') return effects === 0 ? [] : [`${ticket} failed, and yet took effect`];
    return one.isLeft ? [] : [`${ticket} was left ${one.run}, its write ${one.step ?? 'not begun'}`];
  });
}

/** As a person does who looked at the SaaS, over the admin API. */
export async function settleByPerson(cluster: Cluster, left: readonly Written[], saas: WriteSaas): Promise<string[]> {
  const [first] = await cluster.untilServing(1);
  const admin = createAdminClient(first?.node.url ?? '', cluster.adminToken);
  const violations: string[] = [];
  for (const { ticket, runId, stepKey } of left) {
    const { steps } = await admin.get<{ steps: { key: string; status: string }[] }>(`/runs/${runId}`);
    const shown = steps.find(({ key }) => key === stepKey)?.status;
    if (shown !== 'unknown') violations.push(`${ticket} is not shown as unknown but as ${shown}`);
    const isApplied = saas.effects(ticket) > 0;
    const found = isApplied ? { status: 'applied', output: { ticket } } : { status: 'not-applied' };
    await admin.post(`/runs/${runId}/steps/${encodeURIComponent(stepKey ?? '')}/settle`, found);
  }
  return violations;
}
