import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import { type Host, type HostCall, type HostLimits, startHost } from './host.ts';
import { createOrphanWatch, type OrphanWatch } from './orphan-watch.ts';

interface HostPoolLimits extends HostLimits {
  /** Live processes. More keys than that take turns. */
  readonly maxHosts: number;
  readonly idleMs: number;
  /** Calls that may wait for a place; one more is refused. */
  readonly maxQueue: number;
}

const defaultHostLimits: HostPoolLimits = {
  memoryMb: 128,
  maxMessageBytes: 16 * 1024 * 1024,
  startTimeoutMs: 10_000,
  graceMs: 1_000,
  maxLogLines: 200,
  maxHosts: 64,
  idleMs: 60_000,
  maxQueue: 10_000,
};

interface PooledCall extends HostCall {
  /** Tenant and artifact digest: what may share a process. Calls with different keys never do. */
  readonly key: string;
  /** Verified code; used when the key has no live process. */
  readonly code: Uint8Array;
}

export interface HostPool {
  /** Rejects with the connector's own error (`ActionError`), or `HOST_*`. */
  call(call: PooledCall): Promise<unknown>;
  readonly liveHosts: number;
  stop(): Promise<void>;
}

interface Slot {
  readonly host: Promise<Host>;
  live: Host | undefined;
  /** Calls that use it, from before it is ready on. */
  users: number;
  idleTimer: NodeJS.Timeout | undefined;
}

/**
 * One process per key, started when needed, ended when idle; at most `maxHosts`, the least recently used idle one going first.
 * @throws RuntimeError `ENVIRONMENT_UNSUPPORTED` below Node 26, whose permission model leaves the network open.
 */
export function createHostPool(options: { readonly log: Log; readonly limits?: Partial<HostPoolLimits> }): HostPool {
  if (Number.parseInt(process.versions.node, 10) < 26) {
    throw new RuntimeError(
      'ENVIRONMENT_UNSUPPORTED',
      `connectors run isolated on Node 26 and later, this is ${process.version}`,
    );
  }
  const limits = { ...defaultHostLimits, ...options.limits };
  // In order of last use.
  const slots = new Map<string, Slot>();
  const waiting: (() => void)[] = [];
  let stopped = false;
  let watch: OrphanWatch | undefined;

  function orphans(): OrphanWatch {
    watch ??= createOrphanWatch();
    return watch;
  }

  function drop(key: string, slot: Slot): void {
    clearTimeout(slot.idleTimer);
    if (slots.get(key) === slot) slots.delete(key);
    slot.live?.kill();
    waiting.shift()?.();
  }

  function open(call: PooledCall): Slot {
    const slot: Slot = {
      host: startHost(call.code, limits, orphans()),
      live: undefined,
      users: 1,
      idleTimer: undefined,
    };
    slots.set(call.key, slot);
    slot.host.then(
      (host) => {
        slot.live = host;
        if (stopped) host.kill();
        void host.ended.then(() => drop(call.key, slot));
      },
      () => drop(call.key, slot),
    );
    return slot;
  }

  function evictIdle(): boolean {
    for (const [key, slot] of slots) {
      if (slot.users > 0) continue;
      drop(key, slot);
      return true;
    }
    return false;
  }

  async function acquire(call: PooledCall): Promise<Slot> {
    for (;;) {
      if (stopped)
        throw new RuntimeError('RUNTIME_STOPPED', 'The runtime is stopping; no connector is called any more');
      const known = slots.get(call.key);
      if (known?.live?.reaction) {
        await known.live.reaction;
        continue;
      }
      if (known) {
        slots.delete(call.key);
        slots.set(call.key, known);
        known.users += 1;
        clearTimeout(known.idleTimer);
        return known;
      }
      if (slots.size < limits.maxHosts || evictIdle()) return open(call);
      if (waiting.length >= limits.maxQueue) {
        throw new RuntimeError('HOST_CANCELLED', 'Too many calls wait for a host process; raise maxHosts or call less');
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  function release(key: string, slot: Slot): void {
    slot.users -= 1;
    if (slot.users > 0) return;
    waiting.shift()?.();
    slot.idleTimer = setTimeout(() => drop(key, slot), limits.idleMs).unref();
  }

  return {
    async call(call) {
      const slot = await acquire(call);
      try {
        const host = await slot.host;
        return await host.call(call);
      } catch (error) {
        const code = error instanceof RuntimeError ? error.code : undefined;
        if (code === 'HOST_CRASHED' || code === 'HOST_ANSWER_INVALID') {
          options.log.warn('a connector host ended', { code, method: call.method });
        }
        throw error;
      } finally {
        release(call.key, slot);
      }
    },
    get liveHosts() {
      return slots.size;
    },
    async stop() {
      stopped = true;
      const hosts = [...slots.values()];
      for (const [key, slot] of slots) drop(key, slot);
      for (const resolve of waiting.splice(0)) resolve();
      await Promise.allSettled(hosts.map(async (slot) => (await slot.host).ended));
      watch?.close();
    },
  };
}
