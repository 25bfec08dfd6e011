import type { Store } from '../store/index.ts';
import type { Clock } from '../types/clock.ts';
import { silentLog } from '../types/log.ts';
import { createIngress, type Ingress, type IngressOptions } from './ingress.ts';
import { createPostgresDeliveryStore } from './postgres-delivery-store.ts';
import { createPostgresEndpointStore, type EndpointSecretOpener } from './postgres-endpoint-store.ts';
import type { RefusalLedger } from './refusal-ledger.ts';

const none = { duplicates: 0, rejected: 0 };

/** Counts nothing. */
const refusals: RefusalLedger = {
  count: () => undefined,
  counts: () => none,
  pending: () => none,
  flush: async () => undefined,
};

/** A node's ingress over a real database, with a cache of its own. */
export function createTestIngress(
  {
    store,
    clock,
    secrets,
  }: {
    readonly store: Pick<Store, 'db' | 'run'>;
    readonly clock: Clock;
    readonly secrets: EndpointSecretOpener;
  },
  over: Partial<IngressOptions> = {},
): Ingress {
  return createIngress({
    endpoints: createPostgresEndpointStore({ db: store.db, clock, secrets }),
    deliveries: createPostgresDeliveryStore(store.run),
    refusals,
    clock,
    log: silentLog,
    // Tests send in a moment, of a clock that stands, what a sender sends in hours.
    rate: { perSecond: 1_000_000, burst: 1_000_000 },
    ...over,
  });
}
