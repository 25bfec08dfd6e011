import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { settled } from '../cluster/settled.ts';
import { type ClusterTenant, createClusterTenant } from '../cluster/tenant.ts';
import { compareTickets } from '../cluster/told-tickets.ts';
import { createWebhookSender } from '../cluster/webhook-sender.ts';

export interface FailingAppends {
  readonly tickets: number;
  /** How many appends fail, among so many. */
  readonly failures: number;
  readonly among: number;
  /** Whether the build swallows the failure of an append, and goes on. */
  readonly swallowed: boolean;
}

const SETTLE_MS = 600_000;

/** The numbers of the appends that fail; a sequence counts, which no rollback takes back. */
const PLAN = [
  'create schema faults',
  'create sequence faults.appends',
  'create table faults.plan (append bigint primary key)',
];
const FAIL = [
  `create function faults.fail() returns trigger language plpgsql security definer as $$
  declare
    n bigint := nextval('faults.appends');
  begin
    if exists (select from faults.plan where append = n) then
      raise exception 'could not extend file: No space left on device' using errcode = '53100';
    end if;
    return new;
  end $$`,
  'create trigger fail before insert on connector.audit_entries for each row execute function faults.fail()',
];
/** The broken build: what it records happens also where the entry could not be written. */
const SWALLOW = [
  'alter function connector.audit_append(uuid, uuid, text, text) rename to audit_append_kept',
  `create function connector.audit_append(tenant uuid, run uuid, kind text, body text) returns bigint
    language plpgsql volatile security definer as $$
  begin
    return connector.audit_append_kept(tenant, run, kind, body);
  exception when disk_full then
    return 0;
  end $$`,
  'grant execute on function connector.audit_append(uuid, uuid, text, text) to connector_app',
];

/** Runs that write, while the audit can't be written to now and then. */
export async function tryFailingAppends(
  { tickets, failures, among, swallowed }: FailingAppends,
  { random, progress }: { random(): number; progress(line: string): void },
): Promise<{ readonly failed: number; readonly violations: readonly string[] }> {
  const cluster = await startCluster({ nodes: 1 });
  const sender = createWebhookSender();
  const owner = new pg.Client({ connectionString: cluster.database.url });
  const stop = new AbortController();
  try {
    await owner.connect();
    const tenant = await createClusterTenant(cluster, 'acme');
    for (const statement of [...PLAN, ...(swallowed ? SWALLOW : []), ...FAIL]) await owner.query(statement);
    await owner.query('insert into faults.plan select unnest($1::bigint[])', [planned(failures, among, random)]);
    const names = Array.from({ length: tickets }, (_, n) => `ticket-${n}`);
    const violations: string[] = [];
    cluster.saas.answersAtOnce = () => false;
    const watching = answerWrites(cluster, tenant, violations, stop.signal);
    for (const [n, ticket] of names.entries()) {
      const delivery = { hook: tenant.hooks.changed, id: `delivery-${ticket}`, ticket };
      for (let tries = 1; ; tries += 1) {
        const [first] = cluster.serving();
        const outcome = first && (await sender.send(first.node.url, delivery));
        if (outcome?.kind === 'answered' && outcome.status === 200) break;
        if (tries === 50) throw new Error(`${ticket} was never accepted: ${JSON.stringify(outcome)}`);
        await pause(200);
      }
      if ((n + 1) % 100 === 0) progress(`${n + 1} of ${tickets} told`);
    }
    const seconds = await settled(cluster, SETTLE_MS);
    if (seconds === undefined) violations.push(`runs had not ended after ${SETTLE_MS / 1000} s`);
    stop.abort();
    await watching;
    const { rows } = await owner.query<{ n: number }>(
      'select count(*)::int as n from faults.plan where append <= (select last_value from faults.appends)',
    );
    const told = names.map((ticket) => ({ tenant, trigger: 'changed', ticket, acknowledged: true }) as const);
    violations.push(...(await compareTickets(cluster, told)));
    return { failed: rows[0]?.n ?? 0, violations };
  } finally {
    stop.abort();
    sender.close();
    await owner.end().catch(() => undefined);
    await cluster.stop();
  }
}

/** Each of the chosen once. */
function planned(count: number, among: number, random: () => number): number[] {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(1 + Math.floor(random() * among));
  return [...chosen];
}

/** The SaaS holds every write until it was looked whether its intent is in the audit, committed, now. */
async function answerWrites(
  { saas, database }: Cluster,
  { account }: ClusterTenant,
  violations: string[],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const write of [...saas.held]) {
      const { rows } = await sql<{ intents: number }>`
        select count(*)::int as intents from connector.audit_entries a
        join connector.run_steps s on s.run_id = a.run_id
        where a.kind = 'action.intended' and s.kind = 'action' and s.input ->> 'ticket' = ${write.ticket}`.execute(
        database.db(),
      );
      const [sent, intents] = [saas.sentAt(account, write.ticket).length, rows[0]?.intents ?? 0];
      if (intents < sent)
        violations.push(`${write.ticket}: write ${sent} arrived with ${intents} intents in the audit`);
      saas.held.delete(write);
      write.answer();
    }
    await pause(2);
  }
}
