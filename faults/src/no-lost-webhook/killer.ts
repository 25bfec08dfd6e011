import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';

/** When a node dies, seen from a delivery that was sent to it. */
export type Moment = 'sent' | 'under-way' | 'answered' | 'worked-on';

const MOMENTS: readonly Moment[] = ['sent', 'under-way', 'answered', 'worked-on'];

export interface KillOptions {
  /** So many must serve before one of them is chosen. */
  readonly least: number;
  /** A random one when left out. */
  readonly moment?: Moment | undefined;
  /** Told once the next delivery may go. */
  aimed(): void;
}

/** What the one who sends to the node tells. */
export interface Shot {
  sent(): void;
  answered(): void;
}

export interface Killer {
  /** The shot that this node is to get, once. */
  aimedAt(place: number): Shot | undefined;
  /** Kills one that serves, at a moment of the next delivery to it, and returns while its successor starts. */
  killOne(options: KillOptions): Promise<void>;
  /** By moment; `idle`: no delivery came in time. */
  readonly kills: Readonly<Record<Moment | 'idle', number>>;
  /** Rejects when a node could not be started again. */
  successorsStarted(): Promise<void>;
}

/** A node that gets no delivery for so long dies idle. */
const PATIENCE_MS = 2_000;

export function createKiller(cluster: Cluster, random: () => number): Killer {
  let aim: { readonly place: number; readonly shot: Shot } | undefined;
  const kills = { sent: 0, 'under-way': 0, answered: 0, 'worked-on': 0, idle: 0 };
  const successors = new Set<Promise<void>>();

  /** Resolves when it is time, with what it is time for. */
  function timeOf(place: number, moment: Moment): Promise<Moment | 'idle'> {
    const now = Promise.withResolvers<Moment>();
    const after = (ms: number) => void pause(random() * ms).then(() => now.resolve(moment));
    const shot: Shot = {
      sent() {
        aim = undefined;
        if (moment === 'sent') after(3);
        else if (moment === 'under-way') after(30);
      },
      answered() {
        if (moment === 'answered') now.resolve(moment);
        else after(200);
      },
    };
    aim = { place, shot };
    return Promise.race([now.promise, pause(PATIENCE_MS, 'idle' as const)]);
  }

  return {
    aimedAt(place) {
      return aim?.place === place ? aim.shot : undefined;
    },
    async killOne({ least, moment = MOMENTS[Math.floor(random() * MOMENTS.length)] ?? 'sent', aimed }) {
      const serving = await cluster.untilServing(least);
      const { place } = serving[Math.floor(random() * serving.length)] ?? { place: 0 };
      const time = timeOf(place, moment);
      aimed();
      kills[await time] += 1;
      aim = undefined;
      const successor = cluster.replace(place);
      const starting = successor.finally(() => successors.delete(starting));
      successors.add(starting);
      starting.catch(() => undefined);
    },
    kills,
    async successorsStarted() {
      await Promise.all(successors);
    },
  };
}
