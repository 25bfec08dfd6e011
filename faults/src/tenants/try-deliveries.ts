import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { FaultOptions } from '../fault.ts';
import type { Deployment } from './deployment.ts';
import type { Furnished } from './furnish.ts';
import type { Scene, Tried } from './scene.ts';

const WAIT_MS = 60_000;

/** The same bodies, so the same delivery keys, to both addresses in turn: each tenant has its own, once. */
export async function tryDeliveries(
  { deployment: { store }, own, foreign }: Scene,
  { size }: FaultOptions,
): Promise<Tried> {
  const violations: string[] = [];
  const rounds = size === 'short' ? 10 : 200;
  const count = async ({ ids }: Furnished) => {
    const { n } = await store.db
      .selectFrom('connector.deliveries')
      .select(({ fn }) => fn.countAll<string>().as('n'))
      .where('tenant_id', '=', ids.tenantId ?? '')
      .where('endpoint_id', '=', ids.endpointId ?? '')
      .executeTakeFirstOrThrow();
    return Number(n);
  };
  const before = [await count(own), await count(foreign)];
  for (let round = 0; round < rounds; round++) {
    const body = JSON.stringify({ events: [], round });
    for (const one of [own, foreign, own, foreign]) {
      const { status } = await one.deliver(body);
      if (status !== 200) violations.push(`a delivery was answered ${status}`);
    }
  }
  const after = [await count(own), await count(foreign)];
  for (const at of [0, 1]) {
    const more = (after[at] ?? 0) - (before[at] ?? 0);
    if (more !== rounds) violations.push(`${rounds} deliveries to one tenant, the same to another: ${more} were kept`);
  }
  await quiet(store, rounds);
  return { tried: rounds * 4, violations };
}

/** Deliveries are worked on, and duplicates come into the audit, some time after: nothing of it may be taken for an attack. */
async function quiet({ db }: Deployment['store'], duplicatesOfEach: number): Promise<void> {
  for (const until = Date.now() + WAIT_MS; ; await pause(100)) {
    const { rows } = await sql<{ pending: number; counted: number }>`select
      (select count(*)::int from connector.deliveries where status = 'pending') as pending,
      (select coalesce(sum((body::json -> 'details' ->> 'count')::int), 0)::int from connector.audit_entries
        where kind = 'webhook.duplicate') as counted`.execute(db);
    if (rows[0]?.pending === 0 && rows[0].counted === duplicatesOfEach * 2) return;
    if (Date.now() > until) throw new Error('the deployment does not come to rest');
  }
}
