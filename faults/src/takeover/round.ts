import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import { ownerOf } from '../cluster/socket-owner.ts';
import type { ClusterTenant } from '../cluster/tenant.ts';
import { type HeldWrite, secondOf } from '../cluster/ticket-saas.ts';
import type { WebhookSender } from '../cluster/webhook-sender.ts';

export interface RoundPorts {
  readonly cluster: Cluster;
  readonly tenant: ClusterTenant;
  readonly sender: WebhookSender;
}

export interface RoundPlan {
  readonly name: string;
  /** How many nodes are lost, each while a write of its is under way. Another one stays. */
  readonly kills: number;
  readonly pauses: number;
}

export interface RoundResult {
  /** Seconds from the loss of a node to the next word of its run, for each write that was under way. */
  readonly takeovers: readonly number[];
  readonly violations: readonly string[];
}

type Node = ReturnType<Cluster['serving']>[number];

/** A node that is lost, and its writes that nobody answered. */
interface Loss {
  readonly at: Node;
  readonly how: 'killed' | 'paused';
  readonly writes: readonly HeldWrite[];
}

/** The promise; nothing is measured for longer. */
const TAKEOVER_MS = 30_000;
const PATIENCE_MS = 60_000;
const MOST_TICKETS = 400;
/** A node that wakes up acts at once on what it finds: on answers, on timers that are long over. */
const AWAKE_MS = 3_000;

/** Loses nodes in the middle of writes, waits until others have finished their runs, and wakes those that were only paused. */
export async function loseNodes(ports: RoundPorts, plan: RoundPlan): Promise<RoundResult> {
  const { cluster, tenant } = ports;
  const { saas } = cluster;
  const tickets: string[] = [];
  // The first write of each; the second shows that its run went on.
  saas.answersAtOnce = (ticket) => !tickets.includes(ticket);
  const losses = await aim(ports, plan, tickets);
  // From now on nothing is held: a run that is taken over is not to wait for us.
  saas.answersAtOnce = () => true;
  const lostAt = performance.now();
  const successors = losses.map(({ at, how }) => {
    if (how === 'killed') return cluster.replace(at.place);
    process.kill(at.node.pid, 'SIGSTOP');
    return undefined;
  });
  for (const write of saas.held) if (!losses.some(({ writes }) => writes.includes(write))) write.answer();

  const violations: string[] = [];
  const lost = losses.flatMap(({ writes }) => writes.map(({ ticket }) => ticket));
  const nextOf = (ticket: string) => saas.sentAt(tenant.account, ticket).find((at) => at > lostAt);
  await untilTrue(() => lost.every((ticket) => nextOf(ticket) !== undefined));
  const takeovers = lost.map((ticket) => ((nextOf(ticket) ?? Number.POSITIVE_INFINITY) - lostAt) / 1000);
  const isRecorded = (ticket: string) => saas.sentAt(tenant.account, secondOf(ticket)).length > 0;
  await untilTrue(() => tickets.every(isRecorded));
  for (const ticket of tickets.filter((one) => !isRecorded(one))) violations.push(`${ticket} is lost`);
  for (const seconds of takeovers.filter((one) => one * 1000 > TAKEOVER_MS)) {
    violations.push(`a run was taken over after ${Math.round(seconds)} s`);
  }

  const before = countsOf(ports, tickets);
  for (const { how, at, writes } of losses) {
    if (how !== 'paused') continue;
    for (const write of writes) write.answer();
    process.kill(at.node.pid, 'SIGCONT');
  }
  if (plan.pauses > 0) await pause(AWAKE_MS);
  const after = countsOf(ports, tickets);
  for (const [ticket, count] of after) {
    if (count !== before.get(ticket)) violations.push(`${ticket} was sent again by a node that woke up`);
  }
  for (const ticket of tickets.flatMap((one) => [one, secondOf(one)])) {
    const keys = saas.keysOf(tenant.account, ticket).size;
    if (keys > 1) violations.push(`${ticket} was written ${keys} times`);
  }
  await Promise.all(successors);
  return { takeovers, violations };
}

/** Sends tickets until enough nodes have a write under way, and says which node is to be lost how. */
async function aim({ cluster, tenant, sender }: RoundPorts, plan: RoundPlan, tickets: string[]): Promise<Loss[]> {
  const nodes = await cluster.untilServing(plan.kills + plan.pauses + 1);
  const pids = nodes.map(({ node }) => node.pid);
  for (;;) {
    const writes = new Map<number, HeldWrite[]>();
    for (const write of cluster.saas.held) {
      const pid = await ownerOf(pids, write.port, cluster.saas.port);
      if (pid !== undefined) writes.set(pid, [...(writes.get(pid) ?? []), write]);
    }
    const chosen = nodes.filter(({ node }) => writes.has(node.pid)).slice(0, plan.kills + plan.pauses);
    if (chosen.length === plan.kills + plan.pauses) {
      return chosen.map((at, index) => ({
        at,
        how: index < plan.kills ? 'killed' : 'paused',
        writes: writes.get(at.node.pid) ?? [],
      }));
    }
    if (tickets.length === MOST_TICKETS)
      throw new Error(`after ${MOST_TICKETS} tickets only ${writes.size} nodes write`);
    const ticket = `${plan.name}-${tickets.length}`;
    tickets.push(ticket);
    const { node } = nodes[tickets.length % nodes.length] as Node;
    const outcome = await sender.send(node.url, { hook: tenant.hooks.noticed, id: ticket, ticket });
    if (outcome.kind !== 'answered' || outcome.status !== 200) {
      throw new Error(`${ticket} was not accepted: ${JSON.stringify(outcome)}`);
    }
  }
}

function countsOf({ cluster, tenant }: RoundPorts, tickets: readonly string[]): ReadonlyMap<string, number> {
  const all = tickets.flatMap((ticket) => [ticket, secondOf(ticket)]);
  return new Map(all.map((ticket) => [ticket, cluster.saas.sentAt(tenant.account, ticket).length]));
}

/** Or until it has taken too long, which is for the caller to find. */
async function untilTrue(isTrue: () => boolean): Promise<void> {
  for (const start = performance.now(); !isTrue() && performance.now() - start < PATIENCE_MS; ) await pause(50);
}
