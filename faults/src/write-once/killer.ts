import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import { ownerOf } from '../cluster/socket-owner.ts';

/** When a node dies: at a request of its, or a moment after it took a webhook, before or after the intent is committed. */
const DEATHS = ['sender-dies-before', 'after-acceptance', 'sender-dies-after', 'sender-dies-answered'] as const;
type Death = Exclude<(typeof DEATHS)[number], 'after-acceptance'>;

const OWNER_TRIES = 20;
const AGAIN_MS = 100;
/** Whoever waits for longer goes on: that fewer died is found at the end. */
const PATIENCE_MS = 20_000;

/** Kills one node after the other, while another one serves, and lets the next one start. */
export function createKiller(cluster: Cluster) {
  const successors = new Set<Promise<void>>();
  let kills = 0;
  let allowed = 0;
  let isUnderWay = false;

  function takeDeath(when: 'by-request'): Death | undefined;
  function takeDeath(when: 'after-acceptance'): true | undefined;
  function takeDeath(when: 'by-request' | 'after-acceptance'): Death | true | undefined {
    const due = allowed - kills;
    if (isUnderWay || due <= 0 || cluster.serving().length < 2) return undefined;
    const next = DEATHS[kills % DEATHS.length];
    if (when === 'after-acceptance') {
      isUnderWay = next === when;
      return next === when ? true : undefined;
    }
    // No webhook came for the one that waits for it.
    if (next === 'after-acceptance' && due < 2) return undefined;
    isUnderWay = true;
    return next === undefined || next === 'after-acceptance' ? 'sender-dies-after' : next;
  }

  /** What was taken is over, whether or not the node could be found. */
  async function kill(pid: number | undefined, afterMs = 0): Promise<void> {
    await pause(afterMs);
    const at = cluster.serving().find(({ node }) => node.pid === pid);
    if (at !== undefined) {
      kills += 1;
      const successor = cluster.replace(at.place);
      successors.add(successor);
      successor.finally(() => successors.delete(successor)).catch(() => undefined);
      await at.node.ended;
    }
    isUnderWay = false;
  }

  return {
    /** The next death, if it is due and of this kind. Whoever takes one kills. */
    takeDeath,
    kill,
    /** Kills whoever holds this end of a connection. */
    async killOwner(own: number, other: number): Promise<void> {
      let pid: number | undefined;
      // A node works before it says that it serves.
      for (let tries = 0; tries < OWNER_TRIES && pid === undefined; tries += 1) {
        const pids = cluster.serving().map(({ node }) => node.pid);
        pid = await ownerOf(pids, own, other);
        if (pid === undefined) await pause(AGAIN_MS);
      }
      await kill(pid);
    },
    /** So many may have died by now. */
    allow(most: number): void {
      allowed = Math.max(allowed, most);
    },
    async untilKilled(least: number): Promise<void> {
      for (const start = performance.now(); kills < least && performance.now() - start < PATIENCE_MS; ) await pause(20);
    },
    get kills() {
      return kills;
    },
    async successorsStarted(): Promise<void> {
      await Promise.all(successors);
    },
  };
}
