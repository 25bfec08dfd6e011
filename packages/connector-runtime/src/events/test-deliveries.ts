import { v7 as uuidv7 } from 'uuid';
import { createAuditTrail } from '../audit/index.ts';
import type { TestDatabase } from '../store/test-database.ts';
import type { Seeded } from '../tenants/test-tenant.ts';
import type { Clock } from '../types/clock.ts';
import type { PendingDelivery } from '../types/delivery.ts';
import type { Job } from '../types/jobs.ts';
import { silentLog } from '../types/log.ts';
import { createDeliveryWorker, type DeliveryWorker, type DeliveryWorkerOptions } from './delivery-worker.ts';
import type { DeliveryReader } from './ports.ts';

/** Reads a delivery's body as a JSON list of events. */
export const readBody = async ({ body }: PendingDelivery) =>
  JSON.parse(Buffer.from(body).toString()) as { eventKey: string; data: unknown }[];

/** Connector code that reads once `gate` opens. */
export const readAfter = (gate: Promise<void>, read = readBody): DeliveryReader => ({
  async parseDelivery(delivery) {
    await gate;
    return read(delivery);
  },
  parseDecision: async () => undefined,
});

export interface TestDeliveries {
  /** Jobs of the runs that were started. */
  readonly jobs: Job[];
  worker(over?: Partial<DeliveryWorkerOptions>): DeliveryWorker;
  /** Stores an accepted delivery whose body is this; gives its id. */
  deliver(body: unknown, to: Seeded): Promise<string>;
  rows(): Promise<Awaited<ReturnType<typeof selectAll>>>;
  runs(): Promise<readonly { readonly id: string; readonly tenant_id: string; readonly workflow: string }[]>;
}

const selectAll = ({ db }: TestDatabase) => db.selectFrom('connector.deliveries').selectAll().orderBy('id').execute();

/** Deliveries of a real database, read by a stand-in for connector code. */
export function createTestDeliveries(database: TestDatabase, clock: Clock): TestDeliveries {
  const { db } = database;
  const jobs: Job[] = [];
  return {
    jobs,
    worker: (over = {}) =>
      createDeliveryWorker({
        db,
        calls: { parseDelivery: readBody, parseDecision: async () => undefined },
        approvals: { decide: async () => ({ status: 'decided' }) },
        workflows: { startedBy: () => ['triage'] },
        jobs: { send: async (_trx, sent) => void jobs.push(...sent) },
        audit: createAuditTrail({ db, clock }),
        clock,
        log: silentLog,
        ...over,
      }),
    async deliver(body, to) {
      const id = uuidv7({ msecs: clock.now() });
      await db
        .insertInto('connector.deliveries')
        .values({
          id,
          tenant_id: to.tenantId,
          endpoint_id: to.endpointId,
          delivery_key: id,
          content_type: 'application/json',
          headers: '{"x-github-event":"issues"}',
          body: Buffer.from(JSON.stringify(body)),
          received_at: new Date(clock.now()),
        })
        .execute();
      return id;
    },
    rows: () => selectAll(database),
    runs: () => db.selectFrom('connector.runs').select(['id', 'tenant_id', 'workflow']).execute(),
  };
}
