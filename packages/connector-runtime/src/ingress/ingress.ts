import type { Clock } from '../types/clock.ts';
import type { Endpoint, RawDelivery, VerifiedDelivery } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import { createEndpointCache, type EndpointLookup } from './endpoint-cache.ts';
import type { Acceptance, DeliveryStore } from './postgres-delivery-store.ts';
import type { RefusalLedger } from './refusal-ledger.ts';
import { verifyDelivery } from './verify-delivery.ts';
import { ACCEPTED, answerFor, type IngressAnswer } from './webhook-answer.ts';

export interface IngressOptions {
  readonly endpoints: EndpointLookup;
  readonly deliveries: DeliveryStore;
  readonly refusals: RefusalLedger;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each accepted delivery is committed. */
  readonly onAccepted?: () => void;
  /** How long the database may take before the sender is asked to come again. Default 5,000. */
  readonly databaseTimeoutMs?: number;
  /** How long an endpoint is remembered. Default 5,000. */
  readonly endpointTtlMs?: number;
}

export interface Ingress {
  /** Never throws. A 2xx follows the database's commit. */
  receive(raw: RawDelivery): Promise<IngressAnswer>;
  /** Counts a delivery that was refused before it was read whole, whoever sent it. */
  refuse(code: 'WEBHOOK_TOO_LARGE' | 'WEBHOOK_TOO_SLOW' | 'WEBHOOK_BODY_CONSUMED'): IngressAnswer;
}

/** Verify, persist, answer: nothing else happens before the answer. */
export function createIngress(options: IngressOptions): Ingress {
  const { deliveries, refusals, clock, log, databaseTimeoutMs = 5000 } = options;
  const endpoints = createEndpointCache({
    endpoints: options.endpoints,
    clock,
    ...(options.endpointTtlMs === undefined ? {} : { ttlMs: options.endpointTtlMs }),
  });

  function reject(code: string, endpoint?: Endpoint): IngressAnswer {
    refusals.count({ code, endpoint });
    return answerFor(code);
  }

  async function accept(delivery: VerifiedDelivery): Promise<IngressAnswer> {
    if (delivery.handshake !== undefined) {
      const { contentType, body } = delivery.handshake;
      return { status: 200, headers: { 'content-type': contentType }, body };
    }
    const acceptance: Acceptance = await withDeadline(deliveries.accept(delivery), databaseTimeoutMs);
    if (acceptance === 'inactive') return reject('WEBHOOK_DISABLED_ENDPOINT', delivery.endpoint);
    if (acceptance === 'duplicate') refusals.count({ code: 'duplicate', endpoint: delivery.endpoint });
    else options.onAccepted?.();
    return ACCEPTED;
  }

  return {
    async receive(raw) {
      let endpoint: Endpoint | undefined;
      try {
        endpoint = await withDeadline(endpoints.find(raw.endpointToken), databaseTimeoutMs);
        return await accept(verifyDelivery(raw, endpoint, clock.now()));
      } catch (error) {
        if (error instanceof RuntimeError && error.code.startsWith('WEBHOOK_')) {
          log.debug('delivery refused', { code: error.code, endpointId: endpoint?.id });
          return reject(error.code, endpoint);
        }
        log.warn('delivery not accepted: the database did not commit it', { endpointId: endpoint?.id, error });
        return reject('WEBHOOK_UNAVAILABLE', endpoint);
      }
    },
    refuse: (code) => reject(code),
  };
}

/** What was begun may still commit later; the sender's next try is then a duplicate. */
async function withDeadline<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    deadline.reject(new RuntimeError('WEBHOOK_UNAVAILABLE', `the database did not answer within ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}
