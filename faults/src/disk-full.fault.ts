import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ANSWERS_EARLY } from './cluster/answers-early.ts';
import { atOnce } from './cluster/at-once.ts';
import { type Cluster, startCluster } from './cluster/cluster.ts';
import { settled } from './cluster/settled.ts';
import { createClusterTenant } from './cluster/tenant.ts';
import { compareTickets, type ToldTicket } from './cluster/told-tickets.ts';
import { mountSmallDisk, NoMount, type SmallDisk } from './disk-full/small-disk.ts';
import { breakWriteAheadLog } from './disk-full/write-ahead-log.ts';
import { defineFault, type FaultResult } from './fault.ts';
import type { LeftOut } from './leave-out.ts';
import { createVendor } from './no-lost-webhook/vendor.ts';

/** What finds no room: a table that grows, which is an error, or the log, which ends the whole server. */
type What = 'data' | 'log';

interface Amount {
  readonly nodes: number;
  readonly times: readonly What[];
  /** Sent while it is full, each time. */
  readonly deliveries: number;
}

const SIZES: Readonly<Record<'short' | 'long', Amount>> = {
  short: { nodes: 2, times: ['data', 'log'], deliveries: 120 },
  long: { nodes: 4, times: Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 'data' : 'log')), deliveries: 1_000 },
};
const CONTROL: Amount = { nodes: 1, times: ['data'], deliveries: 60 };
const DISK_MB = 256;
const DATABASE_TIMEOUT_MS = 1_000;
const SENT_AT_ONCE = 8;
/** These are being worked on when it is full. */
const BEFORE = 20;
/** One of so many that were refused is not sent again. */
const GIVEN_UP = 4;
/** A build that answers first has tried to store by then. */
const STILL_FULL_MS = 500;
const SETTLE_MS = 120_000;
/** What a node's log says to do. */
const ADVICE = 'free space on its disk';

export default defineFault({
  promise:
    'while the database’s disk is full, no delivery is answered 2xx that was not committed; with space again all goes on by itself',
  async run({ size, random, progress }): Promise<FaultResult> {
    try {
      const real = await tryFull(SIZES[size], [], { random, progress });
      const broken = await tryFull(CONTROL, ANSWERS_EARLY, { random, progress: () => undefined });
      return {
        tried: real.tried,
        violations: real.violations,
        controlCaught: broken.lost > 0,
        notes: [...real.notes, `answered before it is stored: ${broken.lost} of ${broken.tried} lost`],
      };
    } catch (error) {
      if (!(error instanceof NoMount)) throw error;
      return { tried: 0, violations: [], controlCaught: false, notes: [], skipped: error.message };
    }
  },
});

interface Story {
  random(): number;
  progress(line: string): void;
}

interface Tried {
  readonly tried: number;
  /** Of what was compared at the end. */
  readonly lost: number;
  readonly violations: readonly string[];
  readonly notes: readonly string[];
}

async function tryFull(amount: Amount, broken: readonly LeftOut[], story: Story): Promise<Tried> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-disk-'));
  try {
    const disk = await mountSmallDisk(folder, DISK_MB);
    try {
      const cluster = await startCluster({
        nodes: amount.nodes,
        broken,
        databaseTimeoutMs: DATABASE_TIMEOUT_MS,
        databaseFolder: folder,
      });
      try {
        return await deliverMeanwhile(cluster, disk, amount, story);
      } finally {
        await disk.empty();
        await cluster.stop();
      }
    } finally {
      await disk.unmount();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function deliverMeanwhile(
  cluster: Cluster,
  disk: SmallDisk,
  { times, deliveries }: Amount,
  { random, progress }: Story,
): Promise<Tried> {
  const tenant = await createClusterTenant(cluster, 'acme');
  const pids = pidsOf(cluster);
  const vendor = createVendor({ cluster, outages: { now: () => undefined }, random });
  const told: ToldTicket[] = [];
  const violations: string[] = [];
  const deliveryOf = (ticket: string) => ({ hook: tenant.hooks.changed, id: `delivery-${ticket}`, ticket });
  const tell = (ticket: string, acknowledged: boolean) =>
    void told.push({ tenant, trigger: 'changed', ticket, acknowledged });
  const deliverAll = (tickets: readonly string[]) =>
    atOnce(SENT_AT_ONCE, tickets, async (ticket) => tell(ticket, await vendor.deliver(deliveryOf(ticket))));

  async function haveOnce(what: What, index: number): Promise<void> {
    const named = (kind: string, length: number) => Array.from({ length }, (_, at) => `${kind}-${index}-${at}`);
    await deliverAll(named('before', BEFORE));
    await disk.fill();
    if (what === 'log') await breakWriteAheadLog(cluster.database.url, disk);
    const refused: string[] = [];
    const nodes = cluster.serving();
    await atOnce(SENT_AT_ONCE, named('meanwhile', deliveries), async (ticket, at) => {
      // What the server frees meanwhile is taken as well.
      await disk.fill();
      if (await vendor.sendOnce(nodes[at % nodes.length]?.node.url ?? '', deliveryOf(ticket))) tell(ticket, true);
      else refused.push(ticket);
    });
    await pause(STILL_FULL_MS);
    await disk.empty();
    const died = await cluster.database.revive();
    progress(
      `no room for the ${what}: ${refused.length} of ${deliveries} refused${died ? ', Postgres was started anew' : ''}`,
    );
    if (refused.length === 0) violations.push(`no delivery was refused while there was no room for the ${what}`);
    const isGivenUp = (_: string, at: number) => at % GIVEN_UP === 0;
    for (const ticket of refused.filter(isGivenUp)) tell(ticket, false);
    await deliverAll(refused.filter((ticket, at) => !isGivenUp(ticket, at)));
  }

  try {
    for (const [index, what] of times.entries()) await haveOnce(what, index);
    const seconds = await settled(cluster, SETTLE_MS);
    if (seconds === undefined) violations.push(`runs had not ended after ${SETTLE_MS / 1000} s`);
    const lost = await compareTickets(cluster, told);
    violations.push(...vendor.violations, ...lost);
    if (cluster.diedByThemselves > 0 || pidsOf(cluster).join() !== pids.join())
      violations.push('a node did not live through it');
    if (!(await cluster.readLog()).includes(ADVICE)) violations.push(`no log says “${ADVICE}”`);
    const { ok, unavailable, unknown } = vendor.counts;
    return {
      tried: times.length * deliveries,
      lost: lost.length,
      violations,
      notes: [
        `${times.length} times full (${times.filter((what) => what === 'log').length} of them for the log), ${pids.length} nodes, a disk of ${DISK_MB} MB`,
        `tries: ${ok} answered 2xx, ${unavailable} answered 503, ${unknown} broken off`,
        `settled ${seconds} s after the last answer`,
      ],
    };
  } finally {
    vendor.close();
  }
}

function pidsOf(cluster: Cluster): number[] {
  return cluster.serving().map(({ node }) => node.pid);
}
