import type { Clock } from '../types/clock.ts';
import type { Endpoint, RawDelivery, VerifiedDelivery } from '../types/delivery.ts';
import { RuntimeError } from '../types/errors.ts';
import type { Log } from '../types/log.ts';
import { within } from '../types/within.ts';
import { createDeliveryRateLimit, type DeliveryRate } from './delivery-rate.ts';
import { createEndpointCache, type EndpointLookup } from './endpoint-cache.ts';
import type { DeliveryStore } from './postgres-delivery-store.ts';
import type { RefusalLedger } from './refusal-ledger.ts';
import { verifyDelivery } from './verify-delivery.ts';
import { ACCEPTED, answerFor, type IngressAnswer, rateLimited } from './webhook-answer.ts';

export interface IngressOptions {
  readonly endpoints: EndpointLookup;
  readonly deliveries: DeliveryStore;
  readonly refusals: RefusalLedger;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each accepted delivery is committed. */
  readonly onAccepted?: () => void;
  /** How long the database may take before the sender is asked to come again. Default 5,000. */
  readonly databaseTimeoutMs?: number | undefined;
  /** How long an endpoint is remembered. Default 5,000. */
  readonly endpointTtlMs?: number;
  /** How many verified deliveries of one endpoint this node takes. Default 100 a second, 1,000 at once. */
  readonly rate?: DeliveryRate | undefined;
}

/** Refused before it was read whole, whoever sent it. */
export type UnreadRefusal =
  | 'WEBHOOK_TOO_LARGE'
  | 'WEBHOOK_HEADERS_TOO_LARGE'
  | 'WEBHOOK_TOO_SLOW'
  | 'WEBHOOK_OVERLOADED'
  | 'WEBHOOK_BODY_CONSUMED';

export interface Ingress {
  /** Never throws. A 2xx follows the database's commit. */
  receive(raw: RawDelivery): Promise<IngressAnswer>;
  /** Counts a delivery that was refused before it was read whole. */
  refuse(code: UnreadRefusal): IngressAnswer;
}

const DEFAULT_RATE: DeliveryRate = { perSecond: 100, burst: 1000 };

/** Verify, persist, answer: nothing else happens before the answer. */
export function createIngress(options: IngressOptions): Ingress {
  const { deliveries, refusals, clock, log, databaseTimeoutMs = 5000 } = options;
  // Known addresses are remembered for a while after the database is lost: no stranger may see by its answer which are.
  let isBlind = false;
  const endpoints = createEndpointCache({
    endpoints: { find: (tokenHash) => asking(options.endpoints.find(tokenHash)) },
    clock,
    ...(options.endpointTtlMs === undefined ? {} : { ttlMs: options.endpointTtlMs }),
  });
  const rate = createDeliveryRateLimit(options.rate ?? DEFAULT_RATE, clock);

  /** What was begun may still commit later; the sender's next try is then a duplicate. */
  async function asking<T>(work: Promise<T>): Promise<T> {
    try {
      const found = await within(work, databaseTimeoutMs, () => unanswered(databaseTimeoutMs));
      isBlind = false;
      return found;
    } catch (error) {
      isBlind = true;
      throw error;
    }
  }

  function reject(code: string, endpoint?: Endpoint): IngressAnswer {
    refusals.count({ code, endpoint });
    const answer = answerFor(code);
    return isBlind && answer.status === 401 ? answerFor('WEBHOOK_UNAVAILABLE') : answer;
  }

  async function storeThenAnswer(delivery: VerifiedDelivery): Promise<IngressAnswer> {
    const { handshake, endpoint } = delivery;
    if (handshake !== undefined) {
      return { status: 200, headers: { 'content-type': handshake.contentType }, body: handshake.body };
    }
    const waitMs = rate.take(endpoint.id);
    if (waitMs > 0) {
      refusals.count({ code: 'WEBHOOK_RATE_LIMITED', endpoint });
      return rateLimited(waitMs);
    }
    const acceptance = await asking(deliveries.accept(delivery));
    if (acceptance === 'inactive') return reject('WEBHOOK_DISABLED_ENDPOINT', endpoint);
    if (acceptance === 'duplicate') refusals.count({ code: 'duplicate', endpoint });
    else options.onAccepted?.();
    return ACCEPTED;
  }

  return {
    async receive(raw) {
      let endpoint: Endpoint | undefined;
      try {
        endpoint = await endpoints.find(raw.endpointToken);
        return await storeThenAnswer(verifyDelivery(raw, endpoint, clock.now()));
      } catch (error) {
        if (
          error instanceof RuntimeError &&
          error.code.startsWith('WEBHOOK_') &&
          error.code !== 'WEBHOOK_UNAVAILABLE'
        ) {
          log.debug('delivery refused', { code: error.code, endpointId: endpoint?.id });
          return reject(error.code, endpoint);
        }
        log.warn(`delivery not accepted: ${whyNotCommitted(error)}`, { endpointId: endpoint?.id, error });
        return reject('WEBHOOK_UNAVAILABLE', endpoint);
      }
    },
    refuse: (code) => reject(code),
  };
}

/** SQLSTATE of `disk_full`. */
const DISK_FULL = '53100';

function whyNotCommitted(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === DISK_FULL)
    return 'the database has no room left: free space on its disk, or enlarge it; senders are told to come again until then';
  return 'the database did not commit it';
}

function unanswered(timeoutMs: number): RuntimeError {
  return new RuntimeError('WEBHOOK_UNAVAILABLE', `the database did not answer within ${timeoutMs} ms`);
}
