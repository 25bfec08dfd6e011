import type { PendingDelivery } from '../types/delivery.ts';
import type { Log } from '../types/log.ts';
import type { DeliveryQueue } from './delivery-queue.ts';

/** Keeps a living node's claims, so that the lease, which a dead node's deliveries wait for, can be short. */
export interface LeaseRenewal {
  start(): void;
  stop(): void;
  hold(delivery: PendingDelivery): void;
  release(delivery: PendingDelivery): void;
  /** Renews what has been held since the last time: most are done before, and cost nothing. */
  renew(): Promise<void>;
}

/** Of a lease: what is claimed right after a look is renewed at the second one, halfway through. */
const LOOKS_PER_LEASE = 4;

export function createLeaseRenewal(options: {
  readonly queue: Pick<DeliveryQueue, 'renew'>;
  readonly leaseMs: number;
  readonly log: Log;
}): LeaseRenewal {
  const { queue, leaseMs, log } = options;
  const held = new Set<PendingDelivery>();
  let seen: readonly PendingDelivery[] = [];
  let timer: NodeJS.Timeout | undefined;

  async function renew(): Promise<void> {
    const due = seen.filter((delivery) => held.has(delivery));
    seen = [...held];
    if (due.length === 0) return;
    try {
      await queue.renew(due);
    } catch (error) {
      log.warn('claims could not be renewed; another node may take the deliveries over', { error });
    }
  }

  return {
    start() {
      timer ??= setInterval(() => void renew(), leaseMs / LOOKS_PER_LEASE).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
    hold: (delivery) => void held.add(delivery),
    release: (delivery) => void held.delete(delivery),
    renew,
  };
}
