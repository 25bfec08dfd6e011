import { readFileSync } from 'node:fs';

interface WatchedProcess {
  readonly pid: number;
  onExceeded(): void;
}

export interface MemoryWatch {
  add(watched: WatchedProcess): void;
  remove(pid: number): void;
  close(): void;
}

/**
 * V8 bounds its heap and nothing else: buffers, and whatever the engine keeps beside it, are seen only from outside. The kernel
 * tells how much of its own memory a process really holds (`RssAnon` in proc_pid_status(5)); on other systems nothing is watched.
 */
export function createMemoryWatch(options: { readonly limitMb: number; readonly pollMs: number }): MemoryWatch {
  const watched = new Map<number, WatchedProcess>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    for (const { pid, onExceeded } of watched.values()) {
      const heldKb = readHeldKb(pid);
      if (heldKb !== undefined && heldKb > options.limitMb * 1024) onExceeded();
    }
  }

  return {
    add(one) {
      if (process.platform !== 'linux') return;
      watched.set(one.pid, one);
      timer ??= setInterval(look, options.pollMs).unref();
    },
    remove(pid) {
      watched.delete(pid);
      if (watched.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
    close: () => clearInterval(timer),
  };
}

/** Undefined for a process that is gone. */
function readHeldKb(pid: number): number | undefined {
  try {
    const [, kb] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    return kb === undefined ? undefined : Number(kb);
  } catch {
    return undefined;
  }
}
