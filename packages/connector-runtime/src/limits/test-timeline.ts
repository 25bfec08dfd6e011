import type { Clock } from '../types/clock.ts';
import type { RateLedger, Timeline } from './ports.ts';

interface Wake {
  readonly at: number;
  readonly work: () => void;
}

/** Time that moves only when told, the same for all nodes; the database's clock as well. */
export interface TestTimeline extends Timeline {
  readonly clock: Clock;
  /** Counts a call of the ledger as something to wait for. */
  watch<T>(call: Promise<T>): Promise<T>;
  /** Until nothing more happens at this moment. */
  settle(): Promise<void>;
  /** Moves on, from one thing to do to the next. */
  advance(ms: number): Promise<void>;
}

const START = 1_800_000_000_000;

export function createTestTimeline(): TestTimeline {
  let now = 0;
  const wakes = new Set<Wake>();
  const calls = new Set<Promise<unknown>>();

  async function settle(): Promise<void> {
    do {
      await Promise.all(calls);
      // What hangs on the calls, and on each other, runs before this.
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    } while (calls.size > 0);
  }

  return {
    now: () => now,
    clock: { now: () => START + now },
    wake(at, work) {
      const wake = { at, work };
      wakes.add(wake);
      return () => wakes.delete(wake);
    },
    watch(call) {
      const settled: Promise<unknown> = call.then(
        () => calls.delete(settled),
        () => calls.delete(settled),
      );
      calls.add(settled);
      return call;
    },
    settle,
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        const due = [...wakes].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        wakes.delete(due);
        now = Math.max(now, due.at);
        due.work();
        await settle();
      }
      now = until;
    },
  };
}

export function watched(ledger: RateLedger, time: TestTimeline): RateLedger {
  return {
    lease: (ask) => time.watch(ledger.lease(ask)),
    block: (...args) => time.watch(ledger.block(...args)),
  };
}
