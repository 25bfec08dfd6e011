import type { Log } from '../types/log.ts';
import type { ArtifactRegistry } from './artifact-registry.ts';

interface TrustWatchOptions {
  readonly artifacts: Pick<ArtifactRegistry, 'sweep'>;
  /** Ends what runs of this artifact. */
  readonly stop: (digest: string) => void;
  readonly log: Log;
}

export interface TrustWatch {
  /** Looks now. A look that is under way is shared. */
  look(): Promise<void>;
  /** Stops looking; waits for a look that is under way. */
  stop(): Promise<void>;
}

/** How long code may go on running, between calls, after its key was revoked. Calls ask the policy each time. */
const EVERY_MS = 2_000;

/** Looks every two seconds whether the trust policy still wants what runs on this node, and ends what it does not. */
export function createTrustWatch({ artifacts, stop, log }: TrustWatchOptions): TrustWatch {
  let looking: Promise<void> | undefined;

  async function sweep(): Promise<void> {
    try {
      for (const digest of await artifacts.sweep()) stop(digest);
    } catch (error) {
      log.error('the trust policy could not be applied to what runs; the next look tries again', { error });
    } finally {
      looking = undefined;
    }
  }

  function look(): Promise<void> {
    looking ??= sweep();
    return looking;
  }

  const timer = setInterval(() => void look(), EVERY_MS).unref();
  return {
    look,
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
