import { TestingError } from '../errors.ts';

/** What a switch does to one request. See the table in the README. */
export type FaultKind = 'delay' | 'lose-reply' | 'accepted-202' | 'rate-limit-429' | 'server-error-5xx' | 'hold';

export interface Fault {
  kind: FaultKind;
  /** Only requests that match are hit; a string path is a regular expression source over the pathname. */
  match?: { method?: string; path?: RegExp | string };
  /** How many requests it hits; default 1. */
  times?: number;
  /** For `delay`. */
  delayMs?: number;
  /**
   * Whether the request takes effect before the fault shows. Default: true for `delay`, `lose-reply` and `hold`, false for
   * `accepted-202` (it waits for `applyPending`) and `server-error-5xx`. A 429 never takes effect.
   */
  applied?: boolean;
  /** For `server-error-5xx`; default 503. */
  status?: number;
  /** For `rate-limit-429`; default 1. */
  retryAfterSeconds?: number;
}

export interface FaultSwitches {
  /** Arms a fault; several armed faults are tried in the order in which they were armed. */
  next(fault: Fault): void;
  /** Lets every held request go and says how many there were. */
  release(): number;
  /** Applies, in order, what was answered with 202 and says how many there were. */
  applyPending(): Promise<number>;
  /** Disarms what is armed, lets held requests go and forgets writes that wait for `applyPending`. */
  clear(): void;
  /** Resolves once at least `count` requests (default 1) are held at the same time. */
  whenHeld(count?: number): Promise<void>;
  readonly held: number;
  readonly pending: number;
}

export interface FaultDesk extends FaultSwitches {
  take(method: string, pathname: string): Fault | undefined;
  hold(): Promise<void>;
  defer(apply: () => Promise<unknown>): void;
}

const kinds: readonly string[] = [
  'delay',
  'lose-reply',
  'accepted-202',
  'rate-limit-429',
  'server-error-5xx',
  'hold',
] satisfies FaultKind[];

interface Armed {
  fault: Fault;
  path: RegExp | undefined;
  left: number;
}

export function createFaultDesk(): FaultDesk {
  let armed: Armed[] = [];
  let held: (() => void)[] = [];
  let deferred: (() => Promise<unknown>)[] = [];
  let waiting: { count: number; resolve: () => void }[] = [];
  const release = () => {
    const going = held;
    held = [];
    for (const go of going) go();
    return going.length;
  };
  return {
    next(fault) {
      armed.push(parseFault(fault));
    },
    release,
    async applyPending() {
      const going = deferred;
      deferred = [];
      for (const apply of going) await apply();
      return going.length;
    },
    clear() {
      armed = [];
      deferred = [];
      release();
    },
    whenHeld(count = 1) {
      if (held.length >= count) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
    get held() {
      return held.length;
    },
    get pending() {
      return deferred.length;
    },
    take(method, pathname) {
      const hit = armed.find(({ fault, path }) => {
        const methodFits = fault.match?.method === undefined || fault.match.method.toUpperCase() === method;
        return methodFits && (path === undefined || path.test(pathname));
      });
      if (!hit) return undefined;
      hit.left -= 1;
      if (hit.left === 0) armed = armed.filter((other) => other !== hit);
      return hit.fault;
    },
    hold() {
      const letGo = new Promise<void>((resolve) => held.push(resolve));
      const ready = waiting.filter(({ count }) => held.length >= count);
      waiting = waiting.filter((waiter) => !ready.includes(waiter));
      for (const { resolve } of ready) resolve();
      return letGo;
    },
    defer(apply) {
      deferred.push(apply);
    },
  };
}

function parseFault(fault: Fault): Armed {
  if (!kinds.includes(fault.kind)) {
    throw new TestingError(
      'FAULT_INVALID',
      `fault kind "${String(fault.kind)}" is unknown; use one of ${kinds.join(', ')}`,
    );
  }
  const left = fault.times ?? 1;
  if (!Number.isInteger(left) || left < 1) {
    throw new TestingError('FAULT_INVALID', `fault ${fault.kind}: times must be a whole number of at least 1`);
  }
  if (fault.kind === 'delay' && !(fault.delayMs !== undefined && fault.delayMs >= 0)) {
    throw new TestingError('FAULT_INVALID', 'fault delay: delayMs is missing or negative');
  }
  const path = fault.match?.path;
  if (path === undefined) return { fault, path: undefined, left };
  try {
    // A global or sticky expression would keep state between requests.
    const expression =
      typeof path === 'string' ? new RegExp(path) : new RegExp(path.source, path.flags.replace(/[gy]/g, ''));
    return { fault, path: expression, left };
  } catch (cause) {
    throw new TestingError('FAULT_INVALID', `fault ${fault.kind}: match.path is no regular expression`, { cause });
  }
}
