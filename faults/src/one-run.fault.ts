import { setTimeout as pause } from 'node:timers/promises';
import { atOnce } from './cluster/at-once.ts';
import { startCluster } from './cluster/cluster.ts';
import { settled } from './cluster/settled.ts';
import { type ClusterTenant, createClusterTenant } from './cluster/tenant.ts';
import { compareTickets, type ToldTicket } from './cluster/told-tickets.ts';
import { createWebhookSender, type Delivery, type Outcome, type WebhookSender } from './cluster/webhook-sender.ts';
import { defineFault } from './fault.ts';
import type { LeftOut } from './leave-out.ts';
import { type Found, pollAllTheTime } from './one-run/polls.ts';
import { shuffled } from './shuffled.ts';

/** `copies` on each node; `otherIds`: one body under so many ids, where nothing signs the id. */
const SIZES = {
  short: { ids: 50, copies: 20, nodes: 2, otherIds: 500 },
  long: { ids: 1_000, copies: 50, nodes: 4, otherIds: 10_000 },
} as const;
const CONTROL = { ids: 5, copies: 4, nodes: 2, otherIds: 20 };
const SENT_AT_ONCE = 32;
/** Copies of these travel together. */
const IDS_TOGETHER = 10;
/** On each node, of the same ids in a second tenant. */
const OTHER_TENANTS_COPIES = 2;
/** Listed so many sends before its first copy: time for a poll. */
const LISTED_BEFORE = 500;
/** One in so many is listed for polling only: its webhooks are lost. */
const LOST_EVERY = 10;
const SETTLE_MS = 120_000;
/** Nothing is broken here, but a loaded machine may be late: idle connections then break just as they are used. */
const TRIES = 20;
const AGAIN_MS = 500;

/** Each delivery gets a key of its own, and so does each event: what makes a run out of a copy is then missing twice. */
const WITHOUT_DEDUPE: readonly LeftOut[] = [
  {
    package: 'connector-runtime',
    step: 'readDeliveryKey',
    instead: 'return { deliveryKey: globalThis.crypto.randomUUID(), dedupeDigest: null };',
  },
  {
    package: 'connector-runtime',
    step: 'requireKeys',
    instead: 'return arguments[0].map((event) => ({ ...event, eventKey: globalThis.crypto.randomUUID() }));',
  },
];

interface Amount {
  readonly ids: number;
  readonly copies: number;
  readonly nodes: number;
  readonly otherIds: number;
}

export default defineFault({
  promise:
    'the same delivery any number of times, on any node, is one run; so is a change that webhook and poll both see',
  async run({ size, random, progress }) {
    const real = await tryCopies(SIZES[size], [], { random, progress });
    const broken = await tryCopies(CONTROL, WITHOUT_DEDUPE, { random, progress: () => undefined });
    const { ids, copies, nodes, otherIds } = SIZES[size];
    return {
      tried: real.sent,
      violations: real.violations,
      controlCaught: broken.violations.length > 0,
      notes: [
        `${ids} ids, ${copies} copies of each on each of ${nodes} nodes: ${ids} runs, and ${ids} in a second tenant`,
        `one body under ${otherIds} ids that nothing signs: one run`,
        `sent again: ${[...real.sentAgain].map(([why, times]) => `${times} × ${why}`).join(', ') || 'none'}`,
        `polled meanwhile on every node: ${real.found.polls} polls found ${real.found.first} first and ${real.found.duplicate} that webhooks had told of, ${real.found.underWay} waited for another node's`,
        `settled ${real.settledSeconds} s after the last answer`,
        `without dedupe: ${broken.violations.length} violations in ${broken.sent} sends`,
      ],
    };
  },
});

interface Tried {
  readonly sent: number;
  /** How often, by why. */
  readonly sentAgain: ReadonlyMap<string, number>;
  readonly settledSeconds: number | undefined;
  readonly found: Found;
  readonly violations: readonly string[];
}

async function tryCopies(
  amount: Amount,
  broken: readonly LeftOut[],
  { random, progress }: { random(): number; progress(line: string): void },
): Promise<Tried> {
  const cluster = await startCluster({ nodes: amount.nodes, broken });
  const sender = createWebhookSender();
  try {
    const [acme, other] = [await createClusterTenant(cluster, 'acme'), await createClusterTenant(cluster, 'other')];
    const told: ToldTicket[] = [];
    const groups: Group[] = [];
    const lost: string[] = [];
    for (let id = 0; id < amount.ids; id += 1) {
      const ticket = `ticket-${id}`;
      for (const tenant of [acme, other]) {
        told.push({ tenant, trigger: 'changed', ticket, acknowledged: true });
        const copies = tenant === acme ? amount.copies : OTHER_TENANTS_COPIES;
        groups.push({ delivery: { hook: tenant.hooks.changed, id: `delivery-${id}`, ticket }, copies });
      }
      if (id % LOST_EVERY === 0) {
        lost.push(`lost-${id}`);
        told.push({ tenant: acme, trigger: 'changed', ticket: `lost-${id}`, acknowledged: true });
      }
    }
    const replays = Array.from({ length: amount.otherIds }, (_, id) => ({
      delivery: { hook: acme.hooks.noticed, id: `replay-${id}`, ticket: 'replayed' },
      place: id % amount.nodes,
    }));
    told.push({ tenant: acme, trigger: 'noticed', ticket: 'replayed', acknowledged: true });
    const violations: string[] = [];
    const sentAgain = new Map<string, number>();
    const sends = [...copiesOf(groups, amount.nodes, random), ...replays];
    const nodes = cluster.serving();
    const polls = pollAllTheTime(cluster, acme);
    const toList = listings(sends, acme, lost, random);
    await atOnce(SENT_AT_ONCE, sends, async ({ delivery, place }, at) => {
      const { node } = nodes[place] as (typeof nodes)[number];
      for (const ticket of toList.get(at) ?? []) cluster.saas.list(acme.account, ticket);
      const refused = await sendUntilAccepted(sender, node.url, delivery, sentAgain);
      if (refused !== undefined) violations.push(`${delivery.id} was not accepted: ${JSON.stringify(refused)}`);
      if ((at + 1) % 20_000 === 0) progress(`${at + 1} of ${sends.length} sent`);
    });
    const found = await polls.end();
    if (found.first === 0 || found.duplicate === 0) {
      violations.push(`polls and webhooks did not meet: ${found.first} found first, ${found.duplicate} known`);
    }
    const settledSeconds = await settled(cluster, SETTLE_MS);
    if (settledSeconds === undefined) violations.push(`runs had not ended after ${SETTLE_MS / 1000} s`);
    violations.push(...(await compareTickets(cluster, told)));
    return { sent: sends.length, sentAgain, settledSeconds, found, violations };
  } finally {
    sender.close();
    await cluster.stop();
  }
}

/** As vendors do: where nothing was said, or to come again, it goes out again. Resolves with another answer than 200. */
async function sendUntilAccepted(
  sender: WebhookSender,
  url: string,
  delivery: Delivery,
  sentAgain: Map<string, number>,
): Promise<Outcome | undefined> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await sender.send(url, delivery);
    if (outcome.kind === 'answered' && outcome.status === 200) return undefined;
    const mayComeAgain = outcome.kind === 'unknown' || (outcome.status === 503 && outcome.retryAfter);
    if (!mayComeAgain || tries === TRIES) return outcome;
    const why = outcome.kind === 'unknown' ? outcome.reason : '503';
    sentAgain.set(why, (sentAgain.get(why) ?? 0) + 1);
    await pause(AGAIN_MS);
  }
}

/** When each ticket can be polled, by the place in `sends`. */
function listings(
  sends: readonly { readonly delivery: Delivery }[],
  { hooks }: ClusterTenant,
  lost: readonly string[],
  random: () => number,
): ReadonlyMap<number, readonly string[]> {
  const first = new Map<string, number>();
  for (const [at, { delivery }] of sends.entries()) {
    if (delivery.hook === hooks.changed && !first.has(delivery.ticket)) first.set(delivery.ticket, at);
  }
  const listed = new Map<number, string[]>();
  const list = (ticket: string, at: number) => void listed.set(at, [...(listed.get(at) ?? []), ticket]);
  const later = (at: number) => at + Math.floor(random() * (sends.length - at));
  // Half of them before the first copy, so that either may be stored first.
  for (const [ticket, at] of first) list(ticket, random() < 0.5 ? Math.max(0, at - LISTED_BEFORE) : later(at));
  for (const ticket of lost) list(ticket, later(0));
  return listed;
}

interface Group {
  readonly delivery: Delivery;
  /** On each node. */
  readonly copies: number;
}

/** Every copy for every node; those that travel together are mixed. */
function copiesOf(groups: readonly Group[], nodes: number, random: () => number) {
  const sends: { delivery: Delivery; place: number }[] = [];
  for (let from = 0; from < groups.length; from += IDS_TOGETHER) {
    const block = groups
      .slice(from, from + IDS_TOGETHER)
      .flatMap(({ delivery, copies }) =>
        Array.from({ length: copies * nodes }, (_, copy) => ({ delivery, place: copy % nodes })),
      );
    sends.push(...shuffled(block, random));
  }
  return sends;
}
