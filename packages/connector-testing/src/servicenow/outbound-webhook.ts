import { createHmac, randomUUID } from 'node:crypto';
import { TestingError } from '../errors.ts';
import type { RecordChange } from './table-store.ts';

export interface OutboundTarget {
  url: string;
  /** HMAC key, at least 16 bytes. */
  secret: string;
  /** Also sends changes made by the integration user itself. Default false: an instance's rule leaves them out so as not to loop. */
  includeOwn?: boolean;
}

export interface OutboundDelivery {
  id: string;
  url: string;
  /** Of the latest attempt. */
  headers: Record<string, string>;
  body: string;
  /** Of the latest attempt; `null` while under way or when no answer came. */
  status: number | null;
  attempts: number;
}

/** How a redelivery differs from an honest one, for tests of the receiver. */
export interface Tampering {
  /** Another receiver, for example an endpoint that does not exist. */
  url?: string;
  /** `missing` leaves the header out, `wrong` signs with another key. */
  signature?: 'missing' | 'wrong';
  /** Seconds by which the signed timestamp lies in the past (negative: in the future). */
  ageSeconds?: number;
  /** A body other than the one sent before; it is signed. */
  body?: string;
}

export interface OutboundWebhook {
  readonly deliveries: readonly OutboundDelivery[];
  configure(target: OutboundTarget | undefined): void;
  /** Sends unless the change was made by the integration user. Resolves when the receiver has answered or failed. */
  send(change: RecordChange): Promise<OutboundDelivery | undefined>;
  redeliver(id: string, tampering?: Tampering): Promise<OutboundDelivery>;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
  reset(): void;
  /** Gives up what is under way: a receiver that never answers must not keep the process alive. */
  close(): Promise<void>;
}

const recordColumns = [
  'number',
  'short_description',
  'description',
  'state',
  'impact',
  'urgency',
  'priority',
  'category',
  'subcategory',
  'assignment_group',
  'assigned_to',
  'caller_id',
  'opened_at',
  'sys_created_on',
  'sys_updated_on',
  'sys_updated_by',
];

/** The signed webhook that a business rule of the instance sends when an incident changes. */
export function createOutboundWebhook(
  initial: OutboundTarget | undefined,
  integrationUser: string,
  clock: () => number,
): OutboundWebhook {
  let target = initial && parseTarget(initial);
  const deliveries: OutboundDelivery[] = [];
  const underWay = new Set<Promise<unknown>>();
  const closing = new AbortController();

  const attempt = async (delivery: OutboundDelivery, tampering: Tampering = {}) => {
    if (!target)
      throw new TestingError(
        'OUTBOUND_UNCONFIGURED',
        'no outbound webhook is configured; call configureOutbound first',
      );
    const timestamp = String(Math.floor(clock() / 1000) - (tampering.ageSeconds ?? 0));
    const body = tampering.body ?? delivery.body;
    const secret = tampering.signature === 'wrong' ? `${target.secret}-wrong` : target.secret;
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    delivery.url = tampering.url ?? target.url;
    delivery.headers = {
      'content-type': 'application/json',
      'x-connector-timestamp': timestamp,
      'x-connector-delivery': delivery.id,
      ...(tampering.signature === 'missing' ? {} : { 'x-connector-signature': `sha256=${signature}` }),
    };
    delivery.attempts += 1;
    delivery.status = null;
    const sending = fetch(delivery.url, {
      method: 'POST',
      headers: delivery.headers,
      body,
      redirect: 'manual',
      signal: closing.signal,
    })
      .then(async (response) => {
        await response.arrayBuffer();
        delivery.status = response.status;
      })
      // A receiver that is down is a state of the delivery, not an error of the instance.
      .catch(() => undefined);
    underWay.add(sending);
    await sending;
    underWay.delete(sending);
    return delivery;
  };

  return {
    deliveries,
    configure(next) {
      target = next && parseTarget(next);
    },
    async send(change) {
      if (!target || change.table !== 'incident') return undefined;
      if (change.userName === integrationUser && target.includeOwn !== true) return undefined;
      const delivery = {
        id: randomUUID(),
        url: target.url,
        headers: {},
        body: formatBody(change),
        status: null,
        attempts: 0,
      };
      deliveries.push(delivery);
      return attempt(delivery);
    },
    redeliver(id, tampering) {
      const known = deliveries.find((delivery) => delivery.id === id);
      if (!known)
        throw new TestingError('OUTBOUND_UNKNOWN', 'there is no delivery with this id', {
          details: { deliveryId: id },
        });
      // A tampered attempt is nobody's delivery: the record of the honest one stays as it was.
      return attempt(tampering ? { ...known } : known, tampering);
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    reset() {
      deliveries.length = 0;
    },
    async close() {
      closing.abort();
      await Promise.all(underWay);
    },
  };
}

function formatBody({ table, operation, row, changedFields }: RecordChange): string {
  return JSON.stringify({
    table,
    operation,
    sys_id: row.sys_id,
    number: row.number,
    sys_mod_count: row.sys_mod_count,
    sys_updated_on: row.sys_updated_on,
    changed_fields: changedFields,
    record: Object.fromEntries(recordColumns.map((column) => [column, row[column] ?? ''])),
  });
}

function parseTarget(target: OutboundTarget): OutboundTarget {
  if (!URL.canParse(target.url))
    throw new TestingError('OUTBOUND_INVALID', 'the outbound webhook needs an absolute url');
  if (Buffer.byteLength(target.secret) < 16) {
    throw new TestingError('OUTBOUND_INVALID', 'the outbound webhook needs a secret of at least 16 bytes');
  }
  return { ...target };
}
