import type { Log } from './types/log.ts';

export interface Watch {
  start(): void;
  /** Lets what is in hand end. */
  stop(): Promise<void>;
}

interface WatchOptions {
  readonly everyMs: number;
  /** The signal says that the node stops: what can be left to others is left. */
  readonly look: (signal: AbortSignal) => Promise<void>;
  /** What the log says when a look failed; the next one comes in its time. */
  readonly failure: string;
  readonly log: Log;
}

/** Looks now and then whether there is something to do. Every node does: whoever comes first does it, the others find it done. */
export function createWatch({ everyMs, look, failure, log }: WatchOptions): Watch {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let inHand: Promise<void> = Promise.resolve();

  async function lookOnce(): Promise<void> {
    try {
      await look(stopping.signal);
    } catch (error) {
      log.warn(failure, { error });
    }
    // Not at the same moments as the other nodes.
    if (!stopping.signal.aborted) wait(0.75 + Math.random() / 2);
  }

  function wait(times: number): void {
    timer = setTimeout(() => {
      inHand = lookOnce();
    }, everyMs * times).unref();
  }

  return {
    // A node that is often started anew looks too.
    start: () => wait(Math.random()),
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await inHand;
    },
  };
}
