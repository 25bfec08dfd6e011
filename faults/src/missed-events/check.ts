import { setTimeout as pause } from 'node:timers/promises';
import { type Deployment, TRIGGER } from './deployment.ts';
import type { History } from './history.ts';

const PATIENCE_MS = 120_000;

/**
 * What the instance knows to have happened against what lies in the database: each version that could be seen or was delivered
 * is one event and one completed run, and there is no event of anything else.
 */
export async function findViolations({ store, relay }: Deployment, history: History): Promise<string[]> {
  await settle(store.db);
  const rows = await store.db
    .selectFrom('connector.events as e')
    .leftJoin('connector.runs as r', 'r.event_id', 'e.id')
    .select(['e.event_key', 'e.id', 'r.id as run', 'r.status'])
    .where('e.trigger', '=', TRIGGER)
    .execute();
  const byVersion = Map.groupBy(rows, (row) => row.event_key);
  const violations: string[] = [];
  for (const version of new Set([...history.required, ...relay.delivered])) {
    const found = byVersion.get(version) ?? [];
    const events = new Set(found.map(({ id }) => id)).size;
    const runs = found.filter(({ run }) => run !== null).length;
    if (events !== 1 || runs !== 1) violations.push(`${version}: ${events} events and ${runs} runs`);
    else if (found[0]?.status !== 'completed') violations.push(`${version}: its run is ${found[0]?.status}`);
  }
  for (const version of byVersion.keys()) {
    if (!history.versions.has(version)) violations.push(`${version}: an event of what did not happen`);
  }
  return violations;
}

/** Until nothing is left to be worked off. */
async function settle(db: Deployment['store']['db']): Promise<void> {
  for (const patience = performance.now() + PATIENCE_MS; performance.now() < patience; await pause(50)) {
    const left = await Promise.all([
      db.selectFrom('connector.deliveries').select('id').where('status', '=', 'pending').limit(1).execute(),
      db.selectFrom('connector.runs').select('id').where('finished_at', 'is', null).limit(1).execute(),
    ]);
    if (left.every((found) => found.length === 0)) return;
  }
}
