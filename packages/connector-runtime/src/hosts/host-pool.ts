import { isConnectorError } from '@org/connector-sdk';
import { type Clock, systemClock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import { createCrashBackoff } from './crash-backoff.ts';
import { forkHost, type Host, type HostCall, type HostWatches } from './host.ts';
import { busy, cancelled, hostError, stopped } from './host-failure.ts';
import { defaultHostLimits, type HostPoolLimits } from './host-limits.ts';
import { createMemoryWatch } from './memory-watch.ts';
import { createOrphanWatch } from './orphan-watch.ts';
import { createSpareHost } from './spare-host.ts';
import { createWaitingCalls } from './waiting-calls.ts';

interface PooledCall extends HostCall {
  /** Tenant and artifact digest: what may share a process. Calls with different keys never do. */
  readonly key: string;
  /** Verified code; used when the key has no live process. */
  readonly code: Uint8Array;
}

export interface HostPool {
  /** Rejects with the connector's own error (`ActionError`), or `HOST_*`. */
  call(call: PooledCall): Promise<unknown>;
  /** Starts a process ahead of the first call, so that it does not wait for one. */
  warm(): void;
  /**
   * Ends the processes of the keys that are meant, the calls they have in hand and those that wait: for a digest that may no
   * longer run, `stopWhere((key) => key.includes(digest))`.
   */
  stopWhere(isMeant: (key: string) => boolean): void;
  readonly liveHosts: number;
  stop(): Promise<void>;
}

interface Slot {
  readonly key: string;
  readonly host: Promise<Host>;
  live: Host | undefined;
  /** Calls that use it, from before it is ready on. */
  users: number;
  idleTimer: NodeJS.Timeout | undefined;
  /** When it got its place, or was last confirmed in it. */
  placedAt: number;
  /** Takes no further calls: another key waits for the place. */
  leaving: boolean;
}

/**
 * One process per key, started when needed, ended when idle; at most `maxHosts`, the least recently used idle one going first.
 * A key that is busy all the time gives its place up after its turn when others wait.
 * @throws RuntimeError `ENVIRONMENT_UNSUPPORTED` below Node 26, whose permission model leaves the network open.
 */
export function createHostPool(options: {
  readonly log: Log;
  readonly limits?: Partial<HostPoolLimits>;
  readonly clock?: Clock;
}): HostPool {
  if (Number.parseInt(process.versions.node, 10) < 26) {
    throw new RuntimeError(
      'ENVIRONMENT_UNSUPPORTED',
      `connectors run isolated on Node 26 and later, this is ${process.version}`,
    );
  }
  const limits = { ...defaultHostLimits, ...options.limits };
  // In order of last use.
  const slots = new Map<string, Slot>();
  const waiting = createWaitingCalls<PooledCall, Slot>();
  const backoff = createCrashBackoff({ clock: options.clock ?? systemClock, ...limits });
  let watches: HostWatches | undefined;
  const spare = createSpareHost(() => {
    watches ??= {
      orphans: createOrphanWatch(),
      memory: createMemoryWatch({ limitMb: limits.totalMemoryMb, pollMs: limits.memoryPollMs }),
    };
    return forkHost(limits, watches);
  });
  let turnTimer: NodeJS.Timeout | undefined;
  let isStopped = false;

  function open(call: PooledCall): Slot {
    const { key } = call;
    const host = spare.take().then(async (fresh) => {
      slot.live = fresh;
      void fresh.ended.then((reason) => ended(slot, reason));
      if (isStopped || slots.get(key) !== slot) fresh.kill();
      await fresh.load(call.code);
      return fresh;
    });
    const slot: Slot = {
      key,
      host,
      live: undefined,
      users: 0,
      idleTimer: undefined,
      placedAt: performance.now(),
      leaving: false,
    };
    slots.set(key, slot);
    host.then(
      () => spare.refill(),
      () => drop(slot),
    );
    return slot;
  }

  function ended(slot: Slot, reason: Error): void {
    const byUs = isConnectorError(reason) && reason.code === 'HOST_CANCELLED';
    if (!byUs) {
      backoff.crashed(slot.key, reason);
      options.log.warn('a connector host ended', { code: isConnectorError(reason) ? reason.code : 'unknown' });
    }
    drop(slot);
  }

  function drop(slot: Slot): void {
    clearTimeout(slot.idleTimer);
    if (slots.get(slot.key) === slot) slots.delete(slot.key);
    slot.live?.kill();
    place();
  }

  function use(slot: Slot): Slot {
    slots.delete(slot.key);
    slots.set(slot.key, slot);
    slot.users += 1;
    clearTimeout(slot.idleTimer);
    return slot;
  }

  function release(slot: Slot): void {
    slot.users -= 1;
    if (slot.users > 0 || slots.get(slot.key) !== slot) return;
    slot.idleTimer = setTimeout(() => drop(slot), limits.idleMs).unref();
    place();
  }

  function leastRecentlyUsedIdle(): Slot | undefined {
    for (const slot of slots.values()) if (slot.users === 0) return slot;
    return undefined;
  }

  /** Gives waiting keys their places, in the order in which they began to wait. */
  function place(): void {
    for (const key of isStopped ? [] : waiting.keys()) {
      let slot = slots.get(key);
      if (!slot && slots.size >= limits.maxHosts) {
        const idle = leastRecentlyUsedIdle();
        if (!idle) break;
        // Comes back here with the place free.
        drop(idle);
        return;
      }
      const calls = waiting.take(key);
      const [first] = calls;
      if (!first) break;
      slot ??= open(first.call);
      confirm(slot);
      for (const { onPlace } of calls) onPlace(use(slot));
    }
    endTurns();
  }

  function confirm(slot: Slot): void {
    slot.leaving = false;
    slot.placedAt = performance.now();
  }

  /** Lets as many busy slots run out as there are keys that wait, the longest placed first, none before its turn is over. */
  function endTurns(): void {
    clearTimeout(turnTimer);
    const busySlots = [...slots.values()];
    let needed = waiting.keys().length - busySlots.filter(({ leaving }) => leaving).length;
    if (needed <= 0 || isStopped) return;
    const now = performance.now();
    const byAge = busySlots.filter(({ leaving }) => !leaving).sort((a, b) => a.placedAt - b.placedAt);
    for (const slot of byAge) {
      const leftMs = slot.placedAt + limits.turnMs - now;
      if (leftMs > 0) {
        turnTimer = setTimeout(endTurns, leftMs).unref();
        return;
      }
      slot.leaving = true;
      needed -= 1;
      if (needed === 0) return;
    }
  }

  /** A place for the call, at once or when its turn comes. */
  function acquire(call: PooledCall): Promise<Slot> {
    const known = slots.get(call.key);
    if (known?.leaving && waiting.size === 0) confirm(known);
    if (known && !known.leaving) return Promise.resolve(use(known));
    if (!known && waiting.size === 0) {
      const idle = slots.size < limits.maxHosts ? undefined : leastRecentlyUsedIdle();
      if (idle) drop(idle);
      if (slots.size < limits.maxHosts) return Promise.resolve(use(open(call)));
    }
    return wait(call);
  }

  function wait(call: PooledCall): Promise<Slot> {
    if (waiting.size >= limits.maxQueue || waiting.countOf(call.key) >= limits.maxQueuePerKey) {
      throw busy('too many calls wait for a host process already');
    }
    return new Promise((resolve, reject) => {
      waiting.add({
        call,
        onPlace: resolve,
        onRefused: reject,
      });
      endTurns();
    });
  }

  function refuseWaiting(key: string, reason: Error): void {
    for (const { onRefused } of waiting.take(key)) onRefused(reason);
  }

  return {
    async call(call) {
      // Whether it still reacts shows soon; until then nothing more is sent to it.
      for (let doubt = slots.get(call.key)?.live?.reaction; doubt; doubt = slots.get(call.key)?.live?.reaction)
        await doubt;
      if (isStopped) throw runtimeStopped();
      if (call.signal?.aborted) throw cancelled();
      backoff.requireDue(call.key);
      const slot = await acquire(call);
      try {
        const answer = await (await slot.host).call(call);
        backoff.succeeded(call.key);
        return answer;
      } finally {
        release(slot);
      }
    },
    warm: () => spare.refill(),
    stopWhere(isMeant) {
      for (const key of waiting.keys().filter(isMeant)) refuseWaiting(key, stopped());
      for (const slot of [...slots.values()].filter(({ key }) => isMeant(key))) drop(slot);
    },
    get liveHosts() {
      return slots.size;
    },
    async stop() {
      isStopped = true;
      clearTimeout(turnTimer);
      const hosts = [...slots.values()];
      for (const slot of hosts) drop(slot);
      for (const key of waiting.keys()) refuseWaiting(key, runtimeStopped());
      await spare.stop();
      await Promise.allSettled(hosts.map(async (slot) => (await slot.host).ended));
      watches?.orphans.close();
      watches?.memory.close();
    },
  };
}

function runtimeStopped(): RuntimeError {
  return hostError('RUNTIME_STOPPED', 'The runtime is stopping; no connector is called any more');
}
