import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { atOnce } from '../../../faults/src/cluster/at-once.ts';
import type { Cluster } from '../../../faults/src/cluster/cluster.ts';
import type { Hook, WebhookSender } from '../../../faults/src/cluster/webhook-sender.ts';

/** One of those that are compared: a number of processes that take webhooks, and write to the SaaS. */
export interface Side {
  readonly name: 'runtime' | 'bare';
  /** Its account at the SaaS. */
  readonly account: string;
  readonly hook: Hook;
  urls(): readonly string[];
  /** One process more. */
  grow(): Promise<void>;
  /** Of all its processes since they started. */
  usage(): Promise<{ readonly cpuMs: number; readonly statements: number }>;
  /** True when nothing that was begun is left. */
  isIdle(): Promise<boolean>;
  stop(): Promise<void>;
}

export interface Scene {
  readonly cluster: Cluster;
  readonly sender: WebhookSender;
}

/** Deliveries at once, as many vendors would send them. */
const CONNECTIONS = 50;
const PATIENCE_MS = 120_000;

export interface Burst {
  readonly perSecond: number;
  /** Of the processes, per run. */
  readonly cpuMs: number;
  readonly statements: number;
  readonly transactions: number;
  readonly walBytes: number;
}

/** So many webhooks as fast as they are accepted; from the first that is sent until the last of their runs has ended. */
export async function burst({ cluster, sender }: Scene, side: Side, count: number): Promise<Burst> {
  const tickets = Array.from({ length: count }, () => `natural-${randomUUID()}`);
  const urls = side.urls();
  const [before, work] = [await side.usage(), await databaseWork(cluster)];
  const { requests } = cluster.saas;
  const started = performance.now();
  await atOnce(CONNECTIONS, tickets, (ticket, at) => deliver(sender, urls[at % urls.length] ?? '', side, ticket));
  await until(async () => cluster.saas.requests - requests >= count, 2);
  await until(() => side.isIdle(), 5);
  const seconds = (performance.now() - started) / 1000;
  const [after, done] = [await side.usage(), await databaseWork(cluster)];
  requireOnce({ cluster }, side, tickets);
  return {
    perSecond: count / seconds,
    cpuMs: (after.cpuMs - before.cpuMs) / count,
    statements: (after.statements - before.statements) / count,
    transactions: (done.transactions - work.transactions) / count,
    walBytes: (done.walBytes - work.walBytes) / count,
  };
}

/** One webhook at a time, so many a second; milliseconds of each from its sending to the arrival of its write. */
export async function pace(
  { cluster, sender }: Scene,
  side: Side,
  { count, perSecond }: { readonly count: number; readonly perSecond: number },
): Promise<readonly number[]> {
  const sent = new Map<string, number>();
  const deliveries: Promise<void>[] = [];
  const urls = side.urls();
  const { requests } = cluster.saas;
  for (let at = 0; at < count; at += 1) {
    const ticket = `natural-${randomUUID()}`;
    sent.set(ticket, performance.now());
    deliveries.push(deliver(sender, urls[at % urls.length] ?? '', side, ticket));
    await pause(1000 / perSecond);
  }
  await Promise.all(deliveries);
  await until(async () => cluster.saas.requests - requests >= count, 2);
  await until(() => side.isIdle(), 5);
  requireOnce({ cluster }, side, [...sent.keys()]);
  return [...sent].map(([ticket, at]) => (cluster.saas.sentAt(side.account, ticket)[0] ?? Number.NaN) - at);
}

export async function deliver(
  sender: WebhookSender,
  url: string,
  { hook }: Pick<Side, 'hook'>,
  ticket: string,
): Promise<void> {
  const outcome = await sender.send(url, { hook, id: randomUUID(), ticket });
  if (outcome.kind === 'answered' && outcome.status === 200) return;
  throw new Error(`a delivery was not accepted: ${JSON.stringify(outcome)}`);
}

/** A figure counts only when each of them was written, and once. */
function requireOnce({ cluster }: Pick<Scene, 'cluster'>, { name, account }: Side, tickets: readonly string[]): void {
  const wrong = tickets.filter((ticket) => cluster.saas.sentAt(account, ticket).length !== 1);
  if (wrong.length > 0) throw new Error(`${name}: ${wrong.length} of ${tickets.length} tickets were not written once`);
}

export async function until(holds: () => Promise<boolean>, everyMs: number): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await pause(everyMs)) {
    if (await holds()) return;
  }
  throw new Error(`what was sent was not worked off in ${PATIENCE_MS / 1000} s`);
}

async function databaseWork(cluster: Cluster): Promise<{ walBytes: number; transactions: number }> {
  const { rows } = await sql<{ wal: string; transactions: string }>`
    select pg_current_wal_lsn() - '0/0'::pg_lsn as wal, xact_commit as transactions
    from pg_stat_database where datname = current_database()`.execute(cluster.database.db());
  return { walBytes: Number(rows[0]?.wal), transactions: Number(rows[0]?.transactions) };
}
