import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuditTrail } from './audit/index.ts';
import { createTestDeliveries, readAfter, type TestDeliveries } from './events/test-deliveries.ts';
import { githubDelivery } from './ingress/test-github-delivery.ts';
import { createTestIngress } from './ingress/test-ingress.ts';
import { createSenders, rawDelivery } from './ingress/test-webhook-sender.ts';
import { type Retention, sweep, sweepAll } from './retention.ts';
import { createTestDatabase, type TestDatabase } from './store/test-database.ts';
import { createTestTenants, type Seeded, type TestTenants, tenantManifest } from './tenants/test-tenant.ts';
import { DEPLOYMENT } from './types/audit.ts';
import { RuntimeError } from './types/errors.ts';
import { Secret } from './types/secret.ts';

let database: TestDatabase;
let test: TestTenants;
let seeded: Seeded;
let bench: TestDeliveries;
let now: number;
const clock = { now: () => now };
const DAY_MS = 86_400_000;
const keep: Retention = { deliveryDays: 30, deadDeliveryDays: 90 };
const oneEvent = '[{"eventKey":"one","data":{}}]';

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  now = Date.parse('2026-11-22T12:00:00Z');
  await database.reset();
  test = createTestTenants(database.store, clock);
  seeded = await test.seed('a');
  bench = createTestDeliveries(database, clock);
});
afterAll(() => database?.close());

const node = (over?: Parameters<typeof createTestIngress>[1]) =>
  createTestIngress({ store: database.store, clock, secrets: test }, over);
const delivery = (id: string, { body = oneEvent, to = seeded }: { body?: string; to?: Seeded } = {}) =>
  githubDelivery(to, { id, receivedAt: now, body });
const ports = (over: { retention?: Retention; batchSize?: number } = {}) => ({
  db: database.db,
  audit: createAuditTrail({ db: database.db, clock }),
  clock,
  retention: keep,
  ...over,
});
/** A worker that is killed while connector code reads: what it claimed stays claimed. */
const dyingWorker = () =>
  bench.worker({ calls: { parseDelivery: () => new Promise(() => {}), parseDecision: async () => undefined } });
const statuses = async () => (await bench.rows()).map(({ status }) => status);
const sweeps = async () => {
  const rows = await database.db
    .selectFrom('connector.audit_entries')
    .select(['body', 'tenant_id'])
    .where('kind', '=', 'retention.swept')
    .orderBy('seq')
    .execute();
  expect(rows.every(({ tenant_id }) => tenant_id === DEPLOYMENT)).toBe(true);
  return rows.map(({ body }) => (JSON.parse(body) as { details: Record<string, number> }).details);
};

describe('a delivery that comes again', () => {
  it('is one run under 10,000 ids (pitfall 7)', async () => {
    const ingress = node();
    const ids = Array.from({ length: 10_000 }, (_, n) => `replay-${n}`).values();
    const answers = new Set<number>();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (const id of ids) answers.add((await ingress.receive(delivery(id))).status);
      }),
    );
    await bench.worker().drain();
    expect([...answers]).toEqual([200]);
    expect(await bench.rows()).toHaveLength(1);
    expect(await bench.runs()).toHaveLength(1);
  }, 120_000);

  it('is one run, although the node was killed right after its commit and never answered (pitfall 8)', async () => {
    const child = spawn(
      process.execPath,
      ['--conditions=@org/source', fileURLToPath(new URL('./delivery-life.fixture.ts', import.meta.url))],
      {
        env: {
          DATABASE: database.store.url.reveal(),
          TOKEN: seeded.token,
          SECRET: seeded.secret,
          DELIVERY: 'd1',
          BODY: oneEvent,
        },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(await statuses()).toEqual(['pending']);
    expect((await node().receive(delivery('d1'))).status).toBe(200);
    await bench.worker().drain();
    expect(await node().receive(delivery('d1'))).toMatchObject({ status: 200 });
    await bench.worker().drain();
    expect([(await bench.rows()).length, (await bench.runs()).length]).toEqual([1, 1]);
  });

  it('is not swallowed when the node that read it died: its own row is the work (pitfall 8)', async () => {
    await node().receive(delivery('d1'));
    dyingWorker().wake();
    await expect.poll(async () => (await bench.rows())[0]?.claims).toBe(1);
    expect((await node().receive(delivery('d1'))).status).toBe(200);
    now += 30_000;
    await bench.worker().drain();
    expect([await statuses(), (await bench.runs()).length]).toEqual([['done'], 1]);
  });

  it('is a duplicate for 30 days, swept or not; later its row may go, and its event is still one (pitfall 9)', async () => {
    const first = now;
    await node().receive(delivery('d1'));
    await bench.worker().drain();
    for (const after of [3 * DAY_MS, 30 * DAY_MS - 3_600_000]) {
      now = first + after;
      await sweepAll(ports());
      expect((await node().receive(delivery('d1'))).status).toBe(200);
      expect(await bench.rows()).toHaveLength(1);
    }
    expect(await sweeps()).toEqual([]);
    now = first + 30 * DAY_MS;
    await sweepAll(ports());
    expect(await bench.rows()).toEqual([]);
    expect(await sweeps()).toEqual([{ deliveries: 1, deadDeliveries: 0, addresses: 0, secrets: 0, ...keep }]);
    await node().receive(delivery('d1'));
    await bench.worker().drain();
    const [row] = await bench.rows();
    expect(row).toMatchObject({ status: 'done', outcome: 'duplicate-events' });
    const events = await database.db.selectFrom('connector.events').select(['event_key', 'delivery_id']).execute();
    expect(events).toEqual([{ event_key: 'one', delivery_id: null }]);
    expect(await bench.runs()).toHaveLength(1);
  });

  it('with the same id and bytes at another tenant is another run (pitfall 10)', async () => {
    const other = await test.seed('b');
    const ingress = node();
    for (const to of [seeded, other, seeded, other]) await ingress.receive(delivery('d1', { to }));
    await bench.worker().drain();
    expect((await bench.runs()).map(({ tenant_id }) => tenant_id).sort()).toEqual(
      [seeded.tenantId, other.tenantId].sort(),
    );
  });
});

describe('a retry of Slack (pitfall 13)', () => {
  const { slack } = createSenders();
  const body = Buffer.from('{"event_id":"Ev1","events":[]}');
  let to: { token: string; secret: string };
  const read = async () => [{ eventKey: 'Ev1', data: {} }];
  const reading = { calls: { parseDelivery: read, parseDecision: async () => undefined } };

  beforeEach(async () => {
    if (slack === undefined) throw new Error('there is a sender like Slack');
    const { triggers } = tenantManifest();
    const changed = triggers.changed;
    if (changed === undefined) throw new Error('the sample has a trigger');
    const manifest = tenantManifest({ id: 'chat', triggers: { changed: { ...changed, webhook: slack.reception } } });
    to = await test.seed('slack', { manifest });
  });

  function retry(attempt: number) {
    const timestamp = String(Math.floor(now / 1000));
    const headers = slack?.sign(body, { timestamp, secret: to.secret }) ?? [];
    const numbered = attempt === 0 ? headers : [...headers, ['x-slack-retry-num', String(attempt)] as const];
    return { ...rawDelivery(numbered, body, to.token), receivedAt: now };
  }

  it('brings the event whose first try found no database', async () => {
    const down = node({ deliveries: { accept: () => Promise.reject(new Error('connection refused')) } });
    expect((await down.receive(retry(0))).status).toBe(503);
    expect((await node().receive(retry(1))).status).toBe(200);
    await bench.worker(reading).drain();
    expect(await bench.runs()).toHaveLength(1);
  });

  it('repeats the event whose first try was taken, and whose node then died: one run', async () => {
    await node().receive(retry(0));
    dyingWorker().wake();
    await expect.poll(async () => (await bench.rows())[0]?.claims).toBe(1);
    now += 60_000;
    for (const attempt of [1, 2, 3]) expect((await node().receive(retry(attempt))).status).toBe(200);
    await bench.worker(reading).drain();
    expect([(await bench.rows()).length, (await bench.runs()).length]).toEqual([1, 1]);
  });
});

describe('the answer (pitfall 15)', () => {
  it('comes after the commit, and waits for no connector code', async () => {
    const gate = Promise.withResolvers<void>();
    const worker = bench.worker({ calls: readAfter(gate.promise) });
    const order: string[] = [];
    const ingress = node({
      onAccepted() {
        order.push('accepted');
        worker.wake();
      },
    });
    // Connector code may have begun by then; it does not end before the gate opens.
    const { status } = await ingress.receive(delivery('d1'));
    order.push(`answered ${status}`);
    expect([order, await statuses(), await bench.runs()]).toEqual([['accepted', 'answered 200'], ['pending'], []]);
    gate.resolve();
    await worker.drain();
    expect([await statuses(), (await bench.runs()).length]).toEqual([['done'], 1]);
  });

  it('is the same whatever connector code will make of it', async () => {
    const refuse = async () => {
      throw new RuntimeError('DELIVERY_UNPARSABLE', 'no such shape');
    };
    const worker = bench.worker({ calls: { parseDelivery: refuse, parseDecision: refuse } });
    const answer = await node({ onAccepted: worker.wake }).receive(delivery('d1', { body: 'not for this connector' }));
    await worker.drain();
    expect(answer).toMatchObject({ status: 200, body: '{}' });
    expect(await statuses()).toEqual(['dead']);
  });
});

describe('the sweep', () => {
  async function accept(count: number, name: string): Promise<void> {
    for (let n = 0; n < count; n += 1) await bench.deliver([{ eventKey: `${name}-${n}`, data: {} }], seeded);
  }
  const bury = async () => {
    await database.asOwner(`update connector.deliveries set status = 'dead' where status = 'pending'`);
  };

  it('deletes in batches, whichever node comes first, and audits each with its counts', async () => {
    await accept(10, 'old');
    await bench.worker().drain();
    now += 30 * DAY_MS;
    await accept(2, 'young');
    await bench.worker().drain();
    await Promise.all([sweepAll(ports({ batchSize: 3 })), sweepAll(ports({ batchSize: 3 }))]);
    await sweepAll(ports({ batchSize: 3 }));
    expect((await bench.rows()).length).toBe(2);
    const counts = (await sweeps()).map(({ deliveries }) => deliveries ?? 0);
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10);
    expect(await bench.runs()).toHaveLength(12);
  });

  it('keeps what is pending for as long as it takes, and dead ones for as long as the config says', async () => {
    await accept(1, 'dead');
    await bury();
    await accept(1, 'pending');
    now += 90 * DAY_MS - 1;
    expect(await sweep(ports())).toMatchObject({ deliveries: 0, deadDeliveries: 0 });
    now += 1;
    expect(await sweep(ports())).toMatchObject({ deliveries: 0, deadDeliveries: 1 });
    expect(await statuses()).toEqual(['pending']);
    await bench.worker().drain();
    expect(await bench.runs()).toHaveLength(1);
  });

  it('leaves what somebody is just working with', async () => {
    await accept(2, 'dead');
    await bury();
    const [locked] = await bench.rows();
    now += 90 * DAY_MS;
    await database.db.transaction().execute(async (trx) => {
      await sql`select id from connector.deliveries where id = ${locked?.id} for update`.execute(trx);
      expect(await sweep(ports())).toMatchObject({ deadDeliveries: 1 });
    });
    expect((await bench.rows()).map(({ id }) => id)).toEqual([locked?.id]);
  });

  it('removes addresses and secrets that have ended, and no others', async () => {
    const named = { ...seeded, by: 'admin:test', overlapSeconds: 60 };
    const { endpointId, tenantId } = seeded;
    await test.tenants.rotateAddress(named);
    await test.tenants.rotateSecret({ ...named, secret: new Secret('sixteen-bytes-xy') });
    expect(await sweep(ports())).toMatchObject({ addresses: 0, secrets: 0 });
    now += 60_000;
    expect(await sweep(ports())).toMatchObject({ addresses: 1, secrets: 1 });
    expect(await test.tenants.showEndpoint(tenantId, endpointId)).toMatchObject({
      addresses: [{ expiresAt: null }],
      secrets: [{ expiresAt: null }],
    });
  });

  it('undoes what it can’t audit', async () => {
    await accept(1, 'old');
    await bench.worker().drain();
    now += 30 * DAY_MS;
    const audit = { ...ports().audit, append: () => sql<string>`connector.no_such_function()` };
    await expect(sweep({ ...ports(), audit })).rejects.toThrow();
    expect(await bench.rows()).toHaveLength(1);
  });

  it('stops between batches when the node does', async () => {
    await accept(4, 'old');
    await bench.worker().drain();
    now += 30 * DAY_MS;
    const stopping = new AbortController();
    const { audit } = ports();
    const append: typeof audit.append = (record) => {
      stopping.abort();
      return audit.append(record);
    };
    await sweepAll({ ...ports({ batchSize: 2 }), audit: { ...audit, append } }, stopping.signal);
    expect(await bench.rows()).toHaveLength(2);
  });
});
