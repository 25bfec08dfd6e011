import { setTimeout as pause } from 'node:timers/promises';
import { ANSWERS_EARLY } from './cluster/answers-early.ts';
import { atOnce } from './cluster/at-once.ts';
import { type Cluster, startCluster } from './cluster/cluster.ts';
import { settled } from './cluster/settled.ts';
import { createClusterTenant } from './cluster/tenant.ts';
import { compareTickets, type ToldTicket } from './cluster/told-tickets.ts';
import { defineFault } from './fault.ts';
import type { LeftOut } from './leave-out.ts';
import { createVendor } from './no-lost-webhook/vendor.ts';
import { footprintDuring } from './slow-db/footprint.ts';
import { type Line, openLine } from './slow-db/line.ts';
import { locked, SLOW_MS, type Slowness, slownesses } from './slow-db/slownesses.ts';

interface Amount {
  /** Each kind of slowness so often. */
  readonly rounds: number;
  /** Sent while the database is slow, so many at once. */
  readonly deliveries: number;
  readonly atOnce: number;
}

const NODES = 2;
const SIZES: Readonly<Record<'short' | 'long', Amount>> = {
  short: { rounds: 1, deliveries: 120, atOnce: 40 },
  long: { rounds: 5, deliveries: 2_000, atOnce: 200 },
};
const CONTROL: Amount = { rounds: 1, deliveries: 8, atOnce: 8 };
/** Far below what a statement takes, so that an answer that waits for one is seen. */
const DATABASE_TIMEOUT_MS = 1_000;
/** These are being worked on when it begins. */
const BEFORE = 20;
/** One of so many is not sent again. */
const GIVEN_UP = 4;
const SETTLE_MS = 120_000;
/** Of a node: 20 of its own, 8 for its jobs, and those that listen. Beside them, ours. */
const MOST_CONNECTIONS = NODES * 32 + 20;
const MOST_RESIDENT_MB = 600;

export default defineFault({
  promise:
    'while the database takes 5 s or says nothing, deliveries are answered 503 in time, never 2xx without a row; then all goes on by itself',
  async run({ size, random, progress }) {
    const real = await trySlowness(SIZES[size], [], { random, progress });
    const broken = await trySlowness(CONTROL, ANSWERS_EARLY, { random, progress: () => undefined });
    return {
      tried: real.tried,
      violations: real.violations,
      controlCaught: broken.violations.length > 0,
      notes: [...real.notes, `answered before it is stored: ${broken.violations.length} violations`],
    };
  },
});

interface Story {
  random(): number;
  progress(line: string): void;
}

interface Tried {
  readonly tried: number;
  readonly violations: readonly string[];
  readonly notes: readonly string[];
}

async function trySlowness(amount: Amount, broken: readonly LeftOut[], story: Story): Promise<Tried> {
  let line: Line | undefined;
  const cluster = await startCluster({
    nodes: NODES,
    broken,
    databaseTimeoutMs: DATABASE_TIMEOUT_MS,
    async reach(url) {
      line = await openLine(url);
      return line.url;
    },
  });
  try {
    const kinds =
      broken.length > 0 || line === undefined ? [locked(cluster.database.url)] : slownesses(cluster.database.url, line);
    const times = Array.from({ length: amount.rounds }, () => kinds).flat();
    return await deliverMeanwhile(cluster, times, amount, story);
  } finally {
    line?.close();
    await cluster.stop();
  }
}

async function deliverMeanwhile(
  cluster: Cluster,
  times: readonly Slowness[],
  amount: Amount,
  { random, progress }: Story,
): Promise<Tried> {
  const tenant = await createClusterTenant(cluster, 'acme');
  const pids = pidsOf(cluster);
  let now: number | undefined;
  const vendor = createVendor({ cluster, outages: { now: () => now }, random });
  const told: ToldTicket[] = [];
  const violations: string[] = [];
  const most = { residentMb: 0, connections: 0, answerMs: 0 };
  const deliveryOf = (ticket: string) => ({ hook: tenant.hooks.changed, id: `delivery-${ticket}`, ticket });
  const tell = (ticket: string, acknowledged: boolean) =>
    void told.push({ tenant, trigger: 'changed', ticket, acknowledged });
  const deliverAll = (tickets: readonly string[]) =>
    atOnce(amount.atOnce, tickets, async (ticket) => tell(ticket, await vendor.deliver(deliveryOf(ticket))));

  /** Each is answered while the database is still slow: it stays so until all of them are. */
  async function sendOnce(tickets: readonly string[]): Promise<void> {
    const nodes = cluster.serving();
    const sending = atOnce(amount.atOnce, tickets, async (ticket, at) => {
      const sentAt = performance.now();
      await vendor.sendOnce(nodes[at % nodes.length]?.node.url ?? '', deliveryOf(ticket));
      most.answerMs = Math.max(most.answerMs, performance.now() - sentAt);
    });
    await Promise.all([sending, pause(SLOW_MS)]);
  }

  async function haveOnce(slowness: Slowness, index: number): Promise<void> {
    const named = (kind: string, length: number) => Array.from({ length }, (_, at) => `${kind}-${index}-${at}`);
    const meanwhile = named('meanwhile', amount.deliveries);
    await deliverAll(named('before', BEFORE));
    await slowness.begin();
    now = index;
    const earlier = vendor.counts.unavailable;
    const { residentMb, connections } = await footprintDuring(cluster, () => sendOnce(meanwhile));
    now = undefined;
    await slowness.end();
    const refused = vendor.counts.unavailable - earlier;
    progress(`${slowness.name}: ${refused} answered 503; ${residentMb} MB, ${connections} connections`);
    if (refused < meanwhile.length)
      violations.push(`${slowness.name}: only ${refused} of ${meanwhile.length} were answered 503`);
    most.residentMb = Math.max(most.residentMb, residentMb);
    most.connections = Math.max(most.connections, connections);
    const isGivenUp = (_: string, at: number) => at % GIVEN_UP === 0;
    for (const ticket of meanwhile.filter(isGivenUp)) tell(ticket, false);
    await deliverAll(meanwhile.filter((ticket, at) => !isGivenUp(ticket, at)));
  }

  try {
    for (const [index, slowness] of times.entries()) await haveOnce(slowness, index);
    const seconds = await settled(cluster, SETTLE_MS);
    if (seconds === undefined) violations.push(`runs had not ended after ${SETTLE_MS / 1000} s`);
    violations.push(...vendor.violations, ...(await compareTickets(cluster, told)));
    if (pidsOf(cluster).join() !== pids.join()) violations.push('a node did not live through it');
    if (most.connections > MOST_CONNECTIONS) violations.push(`the nodes made ${most.connections} connections`);
    if (most.residentMb > MOST_RESIDENT_MB) violations.push(`a node took ${most.residentMb} MB`);
    const { ok, unavailable, unknown } = vendor.counts;
    return {
      tried: times.length * amount.deliveries,
      violations,
      notes: [
        `${times.length} times slow (${[...new Set(times.map(({ name }) => name))].join(', ')}), ${NODES} nodes`,
        `tries: ${ok} answered 2xx, ${unavailable} answered 503, ${unknown} broken off`,
        `databaseTimeoutMs ${DATABASE_TIMEOUT_MS}: the slowest answer after ${Math.round(most.answerMs)} ms`,
        `at most ${most.residentMb} MB in a node, ${most.connections} connections of all; settled ${seconds} s after the last answer`,
      ],
    };
  } finally {
    vendor.close();
  }
}

function pidsOf(cluster: Cluster): number[] {
  return cluster.serving().map(({ node }) => node.pid);
}
