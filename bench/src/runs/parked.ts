import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Cluster, startCluster } from '../../../faults/src/cluster/cluster.ts';
import { type ClusterTenant, createClusterTenant } from '../../../faults/src/cluster/tenant.ts';
import { createWebhookSender } from '../../../faults/src/cluster/webhook-sender.ts';
import { at, type BenchOptions, type BenchResult, type Row, ratio, rowOf } from '../bench.ts';
import { NODE_CONFIG } from './beside-bare.ts';
import { park, parkedTicket } from './parked-rows.ts';
import { deliver, until } from './side.ts';
import { createUsageReader, memoryBytes, type UsageReader } from './usage.ts';

const ROUNDS = 5;
/** A node that just started still ends what it began with. */
const REST_MS = 1_500;
const MEBIBYTE = 1024 * 1024;
/** At the database beside which the other is looked at: enough to resume. */
const FEW = 400;

interface House {
  readonly title: string;
  readonly cluster: Cluster;
  readonly tenant: ClusterTenant;
  readonly parked: number;
  readonly startMs: number[];
  readonly memory: number[];
  readonly heap: number[];
  /** Of each round, sorted. */
  readonly resumed: (readonly number[])[];
}

/** What runs that wait for an event cost a node, beside a node whose database holds few of them. */
export async function parkedRuns({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const many = quick ? 10_000 : 100_000;
  const resumes = quick ? 8 : 40;
  const folder = await mkdtemp(join(tmpdir(), 'bench-parked-'));
  await chmod(folder, 0o700);
  const usages = createUsageReader(folder);
  const houses: House[] = [];
  const sender = createWebhookSender();
  try {
    for (const parked of [FEW, many]) {
      progress(`${parked} parked runs are made`);
      houses.push(await furnish(usages, parked));
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const house of inTurn(houses, round)) await startAnother(house, usages);
      progress(`started ${round + 1} of ${ROUNDS} times`);
    }
    for (let round = -1; round < ROUNDS; round += 1) {
      for (const house of inTurn(houses, round + 1)) {
        const from = (round + 1) * resumes;
        const times = await resume(house, sender, from, resumes);
        if (round >= 0) house.resumed.push(times);
      }
      progress(`resumed ${(round + 2) * resumes} each`);
    }
    for (const house of houses) await requireResumed(house, (ROUNDS + 1) * resumes);
    return report(houses);
  } finally {
    sender.close();
    await Promise.all(houses.map(({ cluster }) => cluster.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function furnish(usages: UsageReader, parked: number): Promise<House> {
  const program = { config: NODE_CONFIG, imports: [usages.module] };
  const cluster = await startCluster({ nodes: 1, onDisk: true, program });
  try {
    const tenant = await createClusterTenant(cluster, 'acme');
    await park(cluster, tenant, parked);
    const title = `${parked} parked runs`;
    return { title, cluster, tenant, parked, startMs: [], memory: [], heap: [], resumed: [] };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Another node beside the one that serves: how long until it is ready, and its memory at rest, garbage collected. */
async function startAnother({ cluster, startMs, memory, heap }: House, usages: UsageReader): Promise<void> {
  const started = performance.now();
  await cluster.replace(1);
  startMs.push(performance.now() - started);
  await pause(REST_MS);
  const { pid } = cluster.serving()[1]?.node ?? { pid: 0 };
  heap.push((await usages.read(pid)).heapBytes / MEBIBYTE);
  memory.push((await memoryBytes(pid)) / MEBIBYTE);
}

/** One after the other: from the event that a run waits for, as a webhook, to its write. */
async function resume(
  { cluster, tenant }: House,
  sender: ReturnType<typeof createWebhookSender>,
  from: number,
  count: number,
): Promise<readonly number[]> {
  const [first] = cluster.serving();
  const times: number[] = [];
  for (let number = from; number < from + count; number += 1) {
    const ticket = parkedTicket(number);
    const sentAt = () => cluster.saas.sentAt(tenant.account, ticket)[0];
    const started = performance.now();
    await deliver(sender, first?.node.url ?? '', { hook: tenant.hooks.noticed }, ticket);
    await until(async () => sentAt() !== undefined, 2);
    times.push((sentAt() ?? Number.NaN) - started);
  }
  return times.sort((one, other) => one - other);
}

/** Those that were told of have ended, and nobody else has. */
async function requireResumed({ cluster, parked, title }: House, resumed: number): Promise<void> {
  await until(async () => {
    const { rows } = await sql<{ completed: number; waiting: number }>`
      select (count(*) filter (where status = 'completed'))::int as completed,
             (count(*) filter (where status = 'waiting'))::int as waiting from connector.runs`.execute(
      cluster.database.db(),
    );
    const { completed, waiting } = rows[0] ?? { completed: 0, waiting: 0 };
    if (completed > resumed || waiting < parked - resumed) throw new Error(`${title}: ${completed} completed`);
    return completed === resumed && waiting === parked - resumed;
  }, 20);
}

function inTurn<T>(items: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? items : items.toReversed();
}

function report(houses: readonly House[]): BenchResult {
  const figures = [
    ['a node’s start', 'ms', ({ startMs }: House) => startMs],
    ['a node’s memory (PSS)', 'MiB', ({ memory }: House) => memory],
    ['a node’s heap', 'MiB', ({ heap }: House) => heap],
    ['event → write, p50', 'ms', ({ resumed }: House) => resumed.map((times) => at(times, 0.5))],
    ['event → write, p99', 'ms', ({ resumed }: House) => resumed.map((times) => at(times, 0.99))],
  ] as const;
  const rows: Row[] = [];
  const ratios: Record<string, number> = {};
  for (const [what, unit, of] of figures) {
    const [few, many] = houses.map((house) => rowOf(`${house.title}: ${what}`, unit, of(house)));
    if (few === undefined || many === undefined) continue;
    rows.push(few, many);
    ratios[`many/few parked, ${what}`] = ratio(many, few);
  }
  return { rows, ratios };
}
