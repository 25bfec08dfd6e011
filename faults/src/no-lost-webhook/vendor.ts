import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import { createWebhookSender, type Delivery, type Outcome } from '../cluster/webhook-sender.ts';
import type { Killer } from './killer.ts';
import type { Outages } from './outages.ts';

export interface VendorPorts {
  readonly cluster: Cluster;
  readonly outages: Pick<Outages, 'now'>;
  readonly killer?: Pick<Killer, 'aimedAt'>;
  random(): number;
}

/** The sender: outside, with its own record of what it was told. */
export interface Vendor {
  /** Sends until it is answered 2xx, with the same id each time, to whichever node serves. Resolves with false when it gave up. */
  deliver(delivery: Delivery): Promise<boolean>;
  /** Sends once, to this node. Resolves with true for a 2xx. */
  sendOnce(url: string, delivery: Delivery): Promise<boolean>;
  readonly acknowledged: number;
  readonly counts: Readonly<Record<'ok' | 'unavailable' | 'unknown' | 'whileDown', number>>;
  /** Answers that may never be given. */
  readonly violations: readonly string[];
  close(): void;
}

const AGAIN_MS = 100;
/** Far longer than any outage here lasts. */
const PATIENCE_MS = 120_000;

export function createVendor({ cluster, outages, killer, random }: VendorPorts): Vendor {
  const sender = createWebhookSender();
  const counts = { ok: 0, unavailable: 0, unknown: 0, whileDown: 0 };
  const violations: string[] = [];
  let acknowledged = 0;

  /** True for a 2xx. A valid delivery is never told anything else but to come again. */
  function note({ id }: Delivery, outcome: Outcome, isDown: boolean): boolean {
    if (outcome.kind === 'unknown') {
      counts.unknown += 1;
      return false;
    }
    if (isDown) counts.whileDown += 1;
    const { status, retryAfter } = outcome;
    if (status >= 200 && status < 300) {
      counts.ok += 1;
      if (isDown) violations.push(`${id} was answered ${status} while the database was down`);
      return true;
    }
    counts.unavailable += 1;
    if (status !== 503) violations.push(`${id} was answered ${status}`);
    else if (!retryAfter) violations.push(`${id} was answered 503 without Retry-After`);
    return false;
  }

  async function sendOnce(url: string, delivery: Delivery, place?: number): Promise<boolean> {
    const outage = outages.now();
    const sent = sender.send(url, delivery);
    const shot = place === undefined ? undefined : killer?.aimedAt(place);
    shot?.sent();
    const outcome = await sent;
    shot?.answered();
    return note(delivery, outcome, outage !== undefined && outages.now() === outage);
  }

  return {
    async deliver(delivery) {
      for (const start = performance.now(); performance.now() - start < PATIENCE_MS; await pause(AGAIN_MS)) {
        const serving = cluster.serving();
        const chosen = serving[Math.floor(random() * serving.length)];
        if (chosen === undefined || !(await sendOnce(chosen.node.url, delivery, chosen.place))) continue;
        acknowledged += 1;
        return true;
      }
      violations.push(`${delivery.id} was not accepted in ${PATIENCE_MS / 1000} s`);
      return false;
    },
    sendOnce: (url, delivery) => sendOnce(url, delivery),
    get acknowledged() {
      return acknowledged;
    },
    counts,
    violations,
    close: () => sender.close(),
  };
}
