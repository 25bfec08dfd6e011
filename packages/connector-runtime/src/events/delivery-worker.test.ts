import { ActionError } from '@org/connector-sdk';
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { createTestTenants, type Seeded } from '../tenants/test-tenant.ts';
import { RuntimeError } from '../types/errors.ts';
import type { DeliveryWorkerOptions } from './delivery-worker.ts';
import type { ClickedDecision } from './ports.ts';
import { createTestDeliveries, readAfter, readBody, type TestDeliveries } from './test-deliveries.ts';

let database: TestDatabase;
let seeded: Seeded;
let now = Date.parse('2026-11-22T12:00:00Z');
const clock = { now: () => now };
let bench: TestDeliveries;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await database.reset();
  bench = createTestDeliveries(database, clock);
  seeded = await createTestTenants(database.store, clock).seed('a');
});
afterAll(() => database?.close());

const worker = (over?: Partial<DeliveryWorkerOptions>) => bench.worker(over);
const deliver = (body: unknown, to: Seeded = seeded) => bench.deliver(body, to);
const event = (eventKey: string, data: unknown = {}) => ({ eventKey, data });
const deliveries = () => bench.rows();
const events = () => database.db.selectFrom('connector.events').selectAll().orderBy('event_key').execute();
const runs = () => database.db.selectFrom('connector.runs').selectAll().execute();
const audits = async (kind: string) => {
  const query = database.db.selectFrom('connector.audit_entries').select('body').where('kind', '=', kind);
  return (await query.orderBy('seq').execute()).map(
    ({ body }) => JSON.parse(body) as { runId: string; details: Record<string, unknown> },
  );
};

describe('a delivery of a trigger', () => {
  it('becomes its events, one run each with its job, and an audit entry', async () => {
    const id = await deliver([event('one', { n: 1, odd: 'a\u0000b' }), event('two')]);
    await worker().drain();
    expect(
      (await events()).map(({ event_key, trigger, data, delivery_id }) => [event_key, trigger, data, delivery_id]),
    ).toEqual([
      ['one', 'sample.changed', { n: 1, odd: 'a\u0000b' }, id],
      ['two', 'sample.changed', {}, id],
    ]);
    const started = await runs();
    expect(started.map(({ status, workflow, generation }) => [status, workflow, generation])).toEqual([
      ['queued', 'triage', 0],
      ['queued', 'triage', 0],
    ]);
    expect(bench.jobs.map((job) => ('runId' in job ? job.runId : ''))).toEqual(
      expect.arrayContaining(started.map((run) => run.id)),
    );
    expect(bench.jobs).toHaveLength(2);
    const [entry] = await audits('webhook.accepted');
    expect(entry?.details).toMatchObject({ delivery: id, events: expect.any(Array), runs: expect.any(Array) });
    expect((await deliveries()).map(({ status }) => status)).toEqual(['done']);
  });

  it('names the run in the audit when there is one, so that the run’s trail begins with its webhook', async () => {
    await deliver([event('one')]);
    await worker().drain();
    const [run] = await runs();
    expect((await audits('webhook.accepted'))[0]?.runId).toBe(run?.id);
  });

  it('starts nothing for an event that was seen before, within a delivery or across two', async () => {
    await deliver([event('one'), event('one')]);
    await deliver([event('one'), event('two')]);
    await worker().drain();
    expect(await events()).toHaveLength(2);
    expect(await runs()).toHaveLength(2);
    expect((await deliveries()).map(({ status }) => status)).toEqual(['done', 'done']);
  });

  it('starts every workflow of the trigger, and none is a valid answer', async () => {
    await deliver([event('one')]);
    await worker({ workflows: { startedBy: () => ['a', 'b'] } }).drain();
    expect((await runs()).map(({ workflow }) => workflow).sort()).toEqual(['a', 'b']);
    await deliver([event('two')]);
    await worker({ workflows: { startedBy: () => [] } }).drain();
    await deliver([]);
    await worker().drain();
    expect(await events()).toHaveLength(2);
    expect(await runs()).toHaveLength(2);
    expect((await deliveries()).every(({ status }) => status === 'done')).toBe(true);
  });

  it('with the same key as another tenant’s is another event (pitfall 10)', async () => {
    const other = await createTestTenants(database.store, clock).seed('b');
    await deliver([event('one')]);
    await deliver([event('one')], other);
    await worker().drain();
    expect(new Set((await runs()).map(({ tenant_id }) => tenant_id))).toEqual(
      new Set([seeded.tenantId, other.tenantId]),
    );
  });
});

describe('several nodes', () => {
  it('work off a backlog with each event once', async () => {
    for (let n = 0; n < 60; n += 1) await deliver([event(`e${n % 40}`)]);
    await Promise.all([worker().drain(), worker().drain(), worker().drain()]);
    await worker().drain();
    expect(await events()).toHaveLength(40);
    expect(await runs()).toHaveLength(40);
    expect(bench.jobs).toHaveLength(40);
    expect((await deliveries()).every(({ status }) => status === 'done')).toBe(true);
    expect(await audits('webhook.accepted')).toHaveLength(60);
  });

  it('take over what a dead node had claimed, when its lease is over and not before (pitfall 8)', async () => {
    await deliver([event('one')]);
    const dead = worker({
      calls: { parseDelivery: () => new Promise(() => {}), parseDecision: async () => undefined },
    });
    dead.wake();
    await expect.poll(async () => (await deliveries())[0]?.claims).toBe(1);
    await worker().drain();
    expect(await runs()).toHaveLength(0);
    now += 10_000;
    await worker().drain();
    expect(await runs()).toHaveLength(1);
  });

  it('leave alone what a living node is long about: it renews its claim', async () => {
    await deliver([event('slow')]);
    const gate = Promise.withResolvers<void>();
    const slow = worker({
      leaseMs: 40,
      pollMs: 60_000,
      calls: {
        async parseDelivery(delivery) {
          await gate.promise;
          return readBody(delivery);
        },
        parseDecision: async () => undefined,
      },
    });
    slow.start();
    await expect.poll(async () => (await deliveries())[0]?.claims).toBe(1);
    // Its own clock decides; the lease it was given first is long over.
    now += 5_000;
    await expect.poll(async () => (await deliveries())[0]?.claimed_until?.getTime()).toBeGreaterThan(now);
    await worker().drain();
    gate.resolve();
    await slow.stop();
    expect((await deliveries())[0]).toMatchObject({ claims: 1, status: 'done' });
    expect(await runs()).toHaveLength(1);
  });

  it('do not write twice when a node wakes up after its lease (pitfall 27)', async () => {
    await deliver([event('late')]);
    const gate = Promise.withResolvers<void>();
    const paused = worker({ calls: readAfter(gate.promise, async () => [event('from the paused node')]) });
    paused.wake();
    await expect.poll(async () => (await deliveries())[0]?.claims).toBe(1);
    now += 31_000;
    await worker().drain();
    gate.resolve();
    await paused.stop();
    expect((await events()).map(({ event_key }) => event_key)).toEqual(['late']);
    expect(await audits('webhook.accepted')).toHaveLength(1);
  });
});

describe('a failure', () => {
  it('of the transaction leaves no event, no run and no job, and is tried again', async () => {
    await deliver([event('one')]);
    await worker({
      jobs: {
        async send() {
          throw new Error('the queue is down');
        },
      },
    }).drain();
    expect([await events(), await runs()]).toEqual([[], []]);
    expect((await deliveries())[0]?.status).toBe('pending');
    now += 1000;
    await worker().drain();
    expect(await runs()).toHaveLength(1);
  });

  it('to read it buries a delivery at once when it can’t be read, with the reason and the body', async () => {
    await deliver([event('x')]);
    const unparsable = async () => {
      throw new RuntimeError('DELIVERY_UNPARSABLE', 'no such shape');
    };
    await worker({ calls: { parseDelivery: unparsable, parseDecision: unparsable } }).drain();
    const [row] = await deliveries();
    expect(row).toMatchObject({ status: 'dead', error: { code: 'DELIVERY_UNPARSABLE', message: 'no such shape' } });
    expect(row?.body.length).toBeGreaterThan(0);
    expect((await audits('delivery.dead'))[0]?.details).toMatchObject({ code: 'DELIVERY_UNPARSABLE' });
  });

  it('of the host is tried ten times, further and further apart, and then buried', async () => {
    await deliver([event('x')]);
    let tries = 0;
    const crash = async () => {
      tries += 1;
      throw new RuntimeError('HOST_CRASHED', 'gone');
    };
    const node = worker({ calls: { parseDelivery: crash, parseDecision: crash } });
    const waits = [1, 2, 4, 8, 16, 32, 64, 64, 64];
    for (const seconds of waits) {
      await node.drain();
      now += seconds * 1000 - 1;
      const before = tries;
      await node.drain();
      expect(tries).toBe(before);
      now += 1;
    }
    expect((await deliveries())[0]?.status).toBe('pending');
    await node.drain();
    expect(tries).toBe(10);
    expect((await deliveries())[0]).toMatchObject({ status: 'dead', claims: 10, error: { code: 'HOST_CRASHED' } });
  });

  it.each([
    ['a lost database', new Error('Connection terminated unexpectedly')],
    ['a trust policy that is being edited', new RuntimeError('CONFIG_INVALID', 'not JSON')],
    ['a connector that is not enabled yet', new RuntimeError('CONNECTOR_NOT_ENABLED', 'not enabled')],
    ['hosts that are all busy', new RuntimeError('HOST_CANCELLED', 'no place')],
  ])('of something that passes (%s) never buries what was accepted', async (_, error) => {
    await deliver([event('x')]);
    const fail = () => Promise.reject(error);
    const node = worker({ calls: { parseDelivery: fail, parseDecision: fail } });
    for (let tries = 0; tries < 20; tries += 1) {
      await node.drain();
      now += 64_000;
    }
    expect((await deliveries())[0]).toMatchObject({ status: 'pending', claims: 20 });
    await worker().drain();
    expect((await deliveries())[0]).toMatchObject({ status: 'done' });
  });

  it.each(['', 'k'.repeat(513), 'nul\u0000'])(
    'an event key that can’t be kept (%j) buries the delivery',
    async (key) => {
      await deliver([event(key)]);
      await worker().drain();
      expect((await deliveries())[0]).toMatchObject({ status: 'dead', error: { code: 'DELIVERY_UNPARSABLE' } });
    },
  );

  it('of one delivery holds up no other', async () => {
    await deliver('not a list');
    await deliver([event('fine')]);
    await worker().drain();
    expect((await events()).map(({ event_key }) => event_key)).toEqual(['fine']);
  });
});

describe('a click', () => {
  const approvalId = uuidv7();
  const clicks: ClickedDecision[] = [];
  const click = { approvalId, decision: 'approved', actor: 'sample:T1/U1' } as const;
  const approvals = (outcome: () => Promise<{ status: string; code?: string }>) => ({
    async decide(clicked: ClickedDecision) {
      clicks.push(clicked);
      return outcome();
    },
  });
  const reading = (parsed: typeof click | undefined) => ({
    parseDelivery: readBody,
    parseDecision: async () => parsed,
  });

  beforeEach(async () => {
    clicks.length = 0;
    const purpose = { kind: 'approval', name: 'chat' } as const;
    seeded = await createTestTenants(database.store, clock).seed('clicks', { purpose });
    await deliver({});
  });

  it('is decided on as its person, tenant and connection, and what came of it is audited', async () => {
    await worker({ calls: reading(click), approvals: approvals(async () => ({ status: 'decided' })) }).drain();
    expect(clicks).toEqual([{ ...click, tenantId: seeded.tenantId, via: { connectionId: seeded.connectionId } }]);
    expect((await audits('webhook.accepted'))[0]?.details).toMatchObject({ approvalId, status: 'decided' });
    expect(await runs()).toEqual([]);
  });

  it('that is refused, or on an approval that is not there, is answered and not tried again', async () => {
    const refuse = approvals(async () => {
      throw new RuntimeError('APPROVAL_UNKNOWN', 'no such approval');
    });
    await worker({ calls: reading(click), approvals: refuse }).drain();
    expect((await deliveries())[0]?.status).toBe('done');
    await deliver({});
    const foreign = { ...click, approvalId: "' or 1=1" };
    await worker({ calls: reading(foreign), approvals: refuse }).drain();
    expect(clicks).toHaveLength(1);
    expect((await audits('webhook.accepted')).map(({ details }) => details.code)).toEqual([
      'APPROVAL_UNKNOWN',
      'APPROVAL_UNKNOWN',
    ]);
  });

  it('whose decision could not be stored is tried again', async () => {
    const down = approvals(async () => {
      throw new Error('connection lost');
    });
    await worker({ calls: reading(click), approvals: down }).drain();
    expect((await deliveries())[0]?.status).toBe('pending');
    now += 1000;
    await worker({ calls: reading(click) }).drain();
    expect((await deliveries())[0]?.status).toBe('done');
  });

  it('on something that is no decision is done without one', async () => {
    await worker({ calls: reading(undefined), approvals: approvals(async () => ({ status: 'decided' })) }).drain();
    expect([clicks, (await deliveries())[0]?.status]).toEqual([[], 'done']);
  });
});

it('finds work by itself once it is started, and none after it is stopped', async () => {
  const node = worker({ pollMs: 20 });
  node.start();
  await deliver([event('one')]);
  await expect.poll(async () => (await runs()).length).toBe(1);
  await node.stop();
  await deliver([event('two')]);
  node.wake();
  const { rows } = await sql<{
    n: number;
  }>`select count(*)::int as n from connector.deliveries where claims = 0`.execute(database.db);
  expect(rows[0]?.n).toBe(1);
});

it('keeps the connector’s own words for why it could not read a delivery', async () => {
  await deliver([event('x')]);
  const refuse = async () => {
    throw new ActionError('DELIVERY_NOT_JSON', 'the body is no JSON');
  };
  await worker({ calls: { parseDelivery: refuse, parseDecision: refuse } }).drain();
  expect((await deliveries())[0]).toMatchObject({ status: 'dead', claims: 1, error: { code: 'DELIVERY_NOT_JSON' } });
});
