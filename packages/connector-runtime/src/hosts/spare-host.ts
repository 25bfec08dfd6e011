import type { Host } from './host.ts';

/** A process started before it is needed: starting one takes longer than everything else that a first call waits for. */
export interface SpareHost {
  /** The spare, or a new one. It has seen no connector. */
  take(): Promise<Host>;
  /** Starts the next spare, if there is none. */
  refill(): void;
  stop(): Promise<void>;
}

export function createSpareHost(fork: () => Promise<Host>): SpareHost {
  let spare: Promise<Host> | undefined;
  let isStopped = false;

  function refill(): void {
    if (spare || isStopped) return;
    const next = fork();
    spare = next;
    const forget = () => {
      if (spare === next) spare = undefined;
    };
    // One that ended while it waited is no spare.
    next.then((host) => host.ended.then(forget), forget);
  }

  return {
    refill,
    take() {
      const taken = spare ?? fork();
      spare = undefined;
      return taken;
    },
    async stop() {
      isStopped = true;
      const host = await spare?.catch(() => undefined);
      host?.kill();
      await host?.ended;
    },
  };
}
