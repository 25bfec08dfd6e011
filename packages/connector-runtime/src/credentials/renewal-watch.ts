import type { Log } from '../types/log.ts';

export interface RenewalWatch {
  start(): void;
  /** Lets what is in hand end. */
  stop(): Promise<void>;
}

const INTERVAL_MS = 20_000;

/** Asks now and then what is due. Every node does: whoever comes first renews, the others find it done. */
export function createRenewalWatch(ports: {
  readonly renewDue: () => Promise<number>;
  readonly log: Log;
}): RenewalWatch {
  let timer: NodeJS.Timeout | undefined;
  let inHand: Promise<void> = Promise.resolve();
  let stopped = false;

  async function look(): Promise<void> {
    try {
      const count = await ports.renewDue();
      if (count > 0) ports.log.debug('credentials were due to be renewed', { count });
    } catch (error) {
      ports.log.warn('what is due to be renewed could not be read', { error });
    }
    if (!stopped) wait();
  }

  /** Not at the same moments as the other nodes. */
  function wait(): void {
    timer = setTimeout(
      () => {
        inHand = look();
      },
      INTERVAL_MS * (0.75 + Math.random() / 2),
    );
    timer.unref();
  }

  return {
    start: wait,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await inHand;
    },
  };
}
