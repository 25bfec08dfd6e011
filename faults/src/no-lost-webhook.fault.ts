import { ANSWERS_EARLY } from './cluster/answers-early.ts';
import { atOnce } from './cluster/at-once.ts';
import { type Cluster, startCluster } from './cluster/cluster.ts';
import { settled } from './cluster/settled.ts';
import { type ClusterTenant, createClusterTenant } from './cluster/tenant.ts';
import { compareTickets, type ToldTicket } from './cluster/told-tickets.ts';
import { defineFault } from './fault.ts';
import type { LeftOut } from './leave-out.ts';
import { createKiller, type Killer, type Moment } from './no-lost-webhook/killer.ts';
import { createOutages } from './no-lost-webhook/outages.ts';
import { createVendor, type Vendor } from './no-lost-webhook/vendor.ts';

interface Amount {
  readonly deliveries: number;
  readonly kills: number;
  readonly restarts: number;
  readonly nodes: number;
  /** Each kill at this moment of a delivery; a random one when left out. */
  readonly moment?: Moment;
}

const SIZES: Readonly<Record<'short' | 'long', Amount>> = {
  short: { deliveries: 500, kills: 20, restarts: 2, nodes: 3 },
  long: { deliveries: 20_000, kills: 2_000, restarts: 200, nodes: 4 },
};
const CONTROL: Amount = { deliveries: 30, kills: 2, restarts: 0, nodes: 2, moment: 'answered' };
const SENT_AT_ONCE = 16;
const SETTLE_MS = 180_000;

export default defineFault({
  promise: 'a delivery answered 2xx becomes its run, whichever node is killed and whenever Postgres restarts',
  async run({ size, random, progress }) {
    const real = await tryCrashes(SIZES[size], [], { random, progress });
    const broken = await tryCrashes(CONTROL, ANSWERS_EARLY, { random, progress: () => undefined });
    return {
      tried: real.tried,
      violations: real.violations,
      controlCaught: broken.violations.length > 0,
      notes: [...real.notes, `answered before it is stored: ${broken.violations.length} of ${CONTROL.deliveries} lost`],
    };
  },
});

interface Tried {
  readonly tried: number;
  readonly violations: readonly string[];
  readonly notes: readonly string[];
}

interface Story {
  random(): number;
  progress(line: string): void;
}

async function tryCrashes(amount: Amount, broken: readonly LeftOut[], story: Story): Promise<Tried> {
  const cluster = await startCluster({ nodes: amount.nodes, broken });
  try {
    const tenant = await createClusterTenant(cluster, 'acme');
    return await deliverAndCrash(cluster, tenant, amount, story);
  } finally {
    await cluster.stop();
  }
}

async function deliverAndCrash(
  cluster: Cluster,
  tenant: ClusterTenant,
  amount: Amount,
  { random, progress }: Story,
): Promise<Tried> {
  const killer = createKiller(cluster, random);
  const outages = createOutages(cluster);
  const vendor = createVendor({ cluster, outages, killer, random });
  const told: ToldTicket[] = [];
  const tell = (ticket: string, acknowledged: boolean) =>
    void told.push({ tenant, trigger: 'changed', ticket, acknowledged });
  const deliveryOf = (ticket: string) => ({ hook: tenant.hooks.changed, id: `delivery-${ticket}`, ticket });
  const { deliveries, kills, restarts } = amount;
  const killsAt = (at: number) => Math.floor((at * kills) / deliveries);
  const turns = createTurns();

  /** Kills, one after the other, and with some of them the database crashes under the same deliveries. */
  async function crash(): Promise<void> {
    for (let kill = 0; kill < kills; kill += 1) {
      // Mostly another node still serves; now and then nobody does.
      const least = kill % 10 === 9 ? 1 : 2;
      const dying = killer.killOne({ least, moment: amount.moment, aimed: () => turns.go(kill) });
      const outage = Math.floor(((kill + 1) * restarts) / kills);
      if (outage > outages.count) await outages.have(outage % 2 === 0 ? 'kill' : 'immediate', () => probe(outage));
      await dying;
      if ((kill + 1) % 100 === 0)
        progress(`${kill + 1} kills, ${outages.count} restarts of Postgres, ${vendor.acknowledged} deliveries`);
    }
  }

  /** Each node is asked while the database is surely down, with deliveries that are not sent again. */
  async function probe(outage: number): Promise<void> {
    const probes = cluster.serving().map(async ({ node }, at) => {
      const ticket = `probe-${outage}-${at}`;
      tell(ticket, await vendor.sendOnce(node.url, deliveryOf(ticket)));
    });
    await Promise.all(probes);
  }

  try {
    const tickets = Array.from({ length: deliveries }, (_, at) => `ticket-${at}`);
    const crashing = crash();
    const sending = atOnce(SENT_AT_ONCE, tickets, async (ticket, at) => {
      await turns.until(killsAt(at));
      tell(ticket, await vendor.deliver(deliveryOf(ticket)));
    });
    await Promise.all([crashing, sending]);
    await killer.successorsStarted();
    const settledSeconds = await settled(cluster, SETTLE_MS);
    const violations = [...vendor.violations, ...(await compareTickets(cluster, told))];
    if (settledSeconds === undefined) violations.push(`runs had not ended after ${SETTLE_MS / 1000} s`);
    if (cluster.diedByThemselves > 0) violations.push(`${cluster.diedByThemselves} nodes ended by themselves`);
    if (restarts > 0 && vendor.counts.whileDown === 0) violations.push('nobody was asked while the database was down');
    return {
      tried: deliveries + kills + outages.count,
      violations,
      notes: notesOf(vendor, killer, amount, settledSeconds),
    };
  } finally {
    vendor.close();
  }
}

function notesOf({ counts }: Vendor, killer: Killer, amount: Amount, settledSeconds: number | undefined): string[] {
  const { ok, unavailable, unknown, whileDown } = counts;
  const moments = Object.entries(killer.kills).map(([moment, count]) => `${count} ${moment}`);
  return [
    `${amount.kills} kills among ${amount.nodes} nodes (${moments.join(', ')}), ${amount.restarts} crashes of Postgres`,
    `tries: ${ok} answered 2xx, ${unavailable} answered 503, ${unknown} broken off; ${whileDown} answered while the database was down`,
    `settled ${settledSeconds} s after the last answer`,
  ];
}

interface Turns {
  go(turn: number): void;
  /** Resolves when this turn has come. */
  until(turn: number): Promise<void>;
}

/** Keeps deliveries and kills in step. */
function createTurns(): Turns {
  let now = -1;
  let waiting: { readonly turn: number; resolve(): void }[] = [];
  return {
    go(turn) {
      now = turn;
      for (const one of waiting) if (one.turn <= now) one.resolve();
      waiting = waiting.filter((one) => one.turn > now);
    },
    until(turn) {
      if (turn <= now) return Promise.resolve();
      return new Promise((resolve) => void waiting.push({ turn, resolve }));
    },
  };
}
