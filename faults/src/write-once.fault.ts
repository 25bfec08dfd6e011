import { setTimeout as pause } from 'node:timers/promises';
import { atOnce } from './cluster/at-once.ts';
import { type Cluster, startCluster } from './cluster/cluster.ts';
import { type ClusterTenant, createClusterTenant } from './cluster/tenant.ts';
import { createWebhookSender, type WebhookSender } from './cluster/webhook-sender.ts';
import { defineFault } from './fault.ts';
import type { LeftOut } from './leave-out.ts';
import { shuffled } from './shuffled.ts';
import { createKiller } from './write-once/killer.ts';
import { type Fate, MODES, serveWriteSaas } from './write-once/saas.ts';
import { judge, settleByPerson, untilWritten } from './write-once/written.ts';

interface Amount {
  readonly writes: number;
  readonly kills: number;
  readonly lostReplies: number;
  readonly nodes: number;
}

const SIZES: Readonly<Record<'short' | 'long', Amount>> = {
  short: { writes: 200, kills: 40, lostReplies: 40, nodes: 3 },
  long: { writes: 5_000, kills: 1_000, lostReplies: 500, nodes: 4 },
};
const CONTROL: Amount = { writes: 12, kills: 0, lostReplies: 12, nodes: 1 };
const SENT_AT_ONCE = 16;
const SETTLE_MS = 180_000;
const AGAIN_MS = 100;
const TRIES = 600;
const ROUNDS = 5;
const KILLS_BEHIND = 3;

/** Sends whatever it does not know the outcome of again. */
const REPEATS_BLINDLY: readonly LeftOut[] = [
  { package: 'connector-runtime', step: 'isRepeatable', instead: 'return true;' },
];

export default defineFault({
  promise: 'a write takes effect at most once, or is shown as unknown to a person; it is never silently lost',
  async run({ size, random, progress }) {
    const real = await tryWrites(SIZES[size], [], { random, progress });
    const broken = await tryWrites(CONTROL, REPEATS_BLINDLY, { random, progress: () => undefined });
    return {
      tried: SIZES[size].writes,
      violations: real.violations,
      controlCaught: broken.violations.some((text) => text.includes('times')),
      notes: [...real.notes, `repeated blindly: ${broken.violations.length} violations in ${CONTROL.writes} writes`],
    };
  },
});

interface Story {
  random(): number;
  progress(line: string): void;
}

async function tryWrites(amount: Amount, broken: readonly LeftOut[], { random, progress }: Story) {
  const cluster = await startCluster({ nodes: amount.nodes, broken });
  const killer = createKiller(cluster);
  const plan = planOf(amount, random);
  const fates = new Map(plan);
  const saas = await serveWriteSaas({
    fateOf(ticket) {
      const death = killer.takeDeath('by-request');
      if (death !== undefined) return death;
      const fate = fates.get(ticket) ?? 'answered';
      fates.delete(ticket);
      return fate;
    },
    killSender: (port) => killer.killOwner(port, saas.port),
  });
  const sender = createWebhookSender();
  try {
    const tenant = await createClusterTenant(cluster, 'acme', saas);
    const tickets = [...plan.keys()];
    const killsAt = (at: number) => Math.min(amount.kills, Math.floor((at * amount.kills) / (tickets.length * 0.85)));
    await atOnce(SENT_AT_ONCE, tickets, async (ticket, at) => {
      // Some writes ahead of the kills: there is always one to be killed for.
      await killer.untilKilled(killsAt(at) - KILLS_BEHIND);
      killer.allow(killsAt(at + 1));
      const pid = await deliver(cluster, tenant, sender, ticket);
      if (killer.takeDeath('after-acceptance')) await killer.kill(pid, random() * 60);
      if ((at + 1) % 500 === 0) progress(`${at + 1} of ${tickets.length} writes asked for, ${killer.kills} kills`);
    });
    await killer.untilKilled(amount.kills);
    let written = await untilWritten(cluster, tickets.length, SETTLE_MS);
    const violations = judge(tickets, written, saas);
    let settled = 0;
    // A loaded machine may lose a reply of what is sent then, too.
    for (let round = 0; round < ROUNDS && written.some(({ isLeft }) => isLeft); round += 1) {
      const left = written.filter(({ isLeft }) => isLeft);
      // Only where nobody can look it up, and where sending again is no answer.
      for (const { ticket } of left) if (!ticket.startsWith('none')) violations.push(`${ticket} was left to a person`);
      violations.push(...(await settleByPerson(cluster, left, saas)));
      settled += left.length;
      written = await untilWritten(cluster, tickets.length, SETTLE_MS);
      violations.push(...judge(tickets, written, saas));
    }
    const unfinished = written.filter(({ run }) => run !== 'completed');
    for (const { ticket, run } of unfinished) violations.push(`${ticket} ended ${run} after a person had settled it`);
    if (killer.kills < amount.kills) violations.push(`only ${killer.kills} nodes were killed`);
    await killer.successorsStarted();
    return { violations, notes: notesOf(amount, killer.kills, saas.met, settled) };
  } finally {
    sender.close();
    await cluster.stop();
    await saas.close();
  }
}

function notesOf(
  { writes, nodes }: Amount,
  kills: number,
  met: Readonly<Record<Fate, number>>,
  left: number,
): string[] {
  const fates = Object.entries(met).map(([fate, count]) => `${count} ${fate}`);
  return [
    `${writes} writes in ${MODES.length} modes, each after a read, on ${nodes} nodes; ${kills} kills`,
    `requests: ${fates.join(', ')}`,
    `${left} shown as unknown and settled by a person`,
  ];
}

/** Each ticket's name says its mode; what becomes of its first request is drawn. */
function planOf({ writes, lostReplies }: Amount, random: () => number): ReadonlyMap<string, Fate> {
  const others: readonly Fate[] = ['request-lost', 'late'];
  const drawn: Fate[] = [
    ...Array.from({ length: lostReplies }, (): Fate => 'reply-lost'),
    ...Array.from({ length: Math.floor(writes / 10) }, (_, at) => others[at % others.length] ?? 'late'),
  ];
  const all = Array.from({ length: writes }, (_, at) => drawn[at] ?? 'answered');
  return new Map(shuffled(all, random).map((fate, at) => [`${MODES[at % MODES.length]}-${at}`, fate]));
}

/** Until a node takes it; gives the node's process. */
async function deliver(
  cluster: Cluster,
  tenant: ClusterTenant,
  sender: WebhookSender,
  ticket: string,
): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const serving = await cluster.untilServing(1);
    const { node } = serving[tries % serving.length] ?? {};
    const outcome = node && (await sender.send(node.url, { hook: tenant.hooks.asked, id: ticket, ticket }));
    if (node && outcome?.kind === 'answered' && outcome.status === 200) return node.pid;
    await pause(AGAIN_MS);
  }
  throw new Error(`${ticket} was not accepted`);
}
