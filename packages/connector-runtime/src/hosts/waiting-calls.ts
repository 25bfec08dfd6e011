import { busy, cancelled } from './host-failure.ts';

/** What is known of a call while it waits. */
interface Call {
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
  /** As long as it may take, it may wait. */
  readonly timeoutMs: number;
}

interface WaitingCall<C extends Call, Place> {
  readonly call: C;
  onPlace(place: Place): void;
  /** With `HOST_BUSY` when it waited too long, `HOST_CANCELLED` when its signal was aborted. */
  onRefused(error: Error): void;
}

/** Calls that wait for a place, grouped by key: a key that asks often has one turn, like one that asks once. */
export interface WaitingCalls<C extends Call, Place> {
  readonly size: number;
  /** In the order in which they began to wait. */
  keys(): readonly string[];
  countOf(key: string): number;
  add(waiting: WaitingCall<C, Place>): void;
  /** Ends the waiting of a key's calls: they are the caller's to place or refuse. */
  take(key: string): readonly WaitingCall<C, Place>[];
}

interface Entry<C extends Call, Place> {
  readonly waiting: WaitingCall<C, Place>;
  settle(): void;
}

export function createWaitingCalls<C extends Call, Place>(): WaitingCalls<C, Place> {
  const byKey = new Map<string, Set<Entry<C, Place>>>();
  let size = 0;

  function remove(entry: Entry<C, Place>): void {
    const { key } = entry.waiting.call;
    const entries = byKey.get(key);
    if (!entries?.delete(entry)) return;
    entry.settle();
    size -= 1;
    if (entries.size === 0) byKey.delete(key);
  }

  return {
    get size() {
      return size;
    },
    keys: () => [...byKey.keys()],
    countOf: (key) => byKey.get(key)?.size ?? 0,
    add(waiting) {
      const { key, signal, timeoutMs } = waiting.call;
      const leave = (error: Error) => {
        remove(entry);
        waiting.onRefused(error);
      };
      const onAbort = () => leave(cancelled());
      const timer = setTimeout(() => leave(busy(`no host process was free for ${timeoutMs} ms`)), timeoutMs);
      const entry: Entry<C, Place> = {
        waiting,
        settle() {
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      byKey.set(key, (byKey.get(key) ?? new Set()).add(entry));
      size += 1;
    },
    take(key) {
      const entries = [...(byKey.get(key) ?? [])];
      for (const entry of entries) remove(entry);
      return entries.map(({ waiting }) => waiting);
    },
  };
}
