import { isConnectorError } from '@org/connector-sdk';
import type { AuditTrail } from '../types/audit.ts';
import type { Clock } from '../types/clock.ts';
import type { Db } from '../types/database.ts';
import type { PendingDelivery } from '../types/delivery.ts';
import type { JobQueue } from '../types/jobs.ts';
import type { Log } from '../types/log.ts';
import { createPostgresDeliveryQueue } from './delivery-queue.ts';
import { createPostgresEventStore } from './event-store.ts';
import { createLeaseRenewal } from './lease-renewal.ts';
import type { ApprovalDecider, DeliveryReader, WorkflowDirectory } from './ports.ts';
import { UnreadDelivery, workDelivery } from './work-delivery.ts';

export interface DeliveryWorkerOptions {
  readonly db: Db;
  readonly calls: DeliveryReader;
  readonly approvals: ApprovalDecider;
  readonly workflows: WorkflowDirectory;
  readonly jobs: JobQueue;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a claim lasts; one that is worked on is renewed in time. A dead node's deliveries wait for so long. Default 10,000. */
  readonly leaseMs?: number;
  /** Deliveries at once on this node. Default 8. */
  readonly concurrency?: number;
  /** How often other nodes' and left-over deliveries are looked for. Default 1,000. */
  readonly pollMs?: number;
}

export interface DeliveryWorker {
  start(): void;
  /** There is work: look now. */
  wake(): void;
  /** Takes no more, and ends when what was taken is worked off. */
  stop(): Promise<void>;
  /** Resolves when nothing that is due is left and nothing is under way. */
  drain(): Promise<void>;
}

/** After so many tries a delivery that crashes or stalls its host is put aside. */
const MAX_TRIES = 10;

/** What a delivery itself may bring about. Everything else passes: a lost database, a trust policy that is being edited. */
const BREAKS_HOSTS: ReadonlySet<string> = new Set(['HOST_CRASHED', 'HOST_TIMEOUT', 'HOST_ANSWER_INVALID']);

/** Turns accepted deliveries into events, runs and decisions: each exactly once, on whichever node claims it. */
export function createDeliveryWorker(options: DeliveryWorkerOptions): DeliveryWorker {
  const { clock, log, leaseMs = 10_000, concurrency = 8, pollMs = 1000 } = options;
  const queue = createPostgresDeliveryQueue({ ...options, leaseMs });
  const leases = createLeaseRenewal({ queue, leaseMs, log });
  const ports = { ...options, events: createPostgresEventStore(options) };
  const underWay = new Set<Promise<void>>();
  let poll: NodeJS.Timeout | undefined;
  let filling: Promise<void> | undefined;
  let isWoken = false;
  let isStopped = false;

  /** Claims as much as there is room for, until there is no more. One at a time; a wake meanwhile makes it look again. */
  async function fill(): Promise<void> {
    while (isWoken && !isStopped && underWay.size < concurrency) {
      isWoken = false;
      const room = concurrency - underWay.size;
      const claimed = await queue.claim(room);
      if (claimed.length === room) isWoken = true;
      for (const delivery of claimed) begin(delivery);
    }
  }

  function begin(delivery: PendingDelivery): void {
    leases.hold(delivery);
    const working = work(delivery).finally(() => {
      leases.release(delivery);
      underWay.delete(working);
      if (isWoken) look();
    });
    underWay.add(working);
  }

  function look(): void {
    filling ??= fill()
      .catch((error: unknown) => log.warn('deliveries could not be claimed; trying again', { error }))
      .finally(() => {
        filling = undefined;
        if (isWoken && !isStopped && underWay.size < concurrency) look();
      });
  }

  async function work(delivery: PendingDelivery): Promise<void> {
    try {
      await workDelivery(delivery, ports);
    } catch (error) {
      try {
        await putBack(delivery, error);
      } catch (second) {
        log.warn('a delivery stays claimed until its lease is over', { deliveryId: delivery.id, error: second });
      }
    }
  }

  async function putBack(delivery: PendingDelivery, error: unknown): Promise<void> {
    const cause = error instanceof UnreadDelivery ? error.cause : error;
    const code = isConnectorError(cause) ? cause.code : 'HOST_CRASHED';
    log.warn('a delivery could not be worked off', {
      deliveryId: delivery.id,
      tries: delivery.tries,
      code,
      error: cause,
    });
    const isParsing = error instanceof UnreadDelivery;
    const breaksItsHost = BREAKS_HOSTS.has(code) && isConnectorError(cause) && delivery.tries >= MAX_TRIES;
    if (isParsing && (code.startsWith('DELIVERY_') || breaksItsHost)) {
      const message = isConnectorError(cause) ? cause.message : 'the connector failed while it read the delivery';
      await queue.bury(delivery, { code, message });
      return;
    }
    await queue.retry(delivery, clock.now() + 1000 * 2 ** Math.min(delivery.tries - 1, 6));
  }

  function wake(): void {
    isWoken = true;
    if (!isStopped && underWay.size < concurrency) look();
  }

  async function settle(): Promise<void> {
    while (filling !== undefined || underWay.size > 0) await Promise.all([filling, ...underWay]);
  }

  return {
    start() {
      poll ??= setInterval(wake, pollMs).unref();
      leases.start();
      wake();
    },
    wake,
    async stop() {
      isStopped = true;
      clearInterval(poll);
      poll = undefined;
      await settle();
      leases.stop();
    },
    async drain() {
      wake();
      await settle();
    },
  };
}
