import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuditTrail } from '../audit/index.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { createTestTenants, type Seeded, type TestTenants } from '../tenants/test-tenant.ts';
import { RuntimeError } from '../types/errors.ts';
import { listDeliveries, showDelivery } from './delivery-views.ts';
import type { DeliveryWorkerOptions } from './delivery-worker.ts';
import { insertEvents } from './insert-events.ts';
import { replayDeadDeliveries, replayDelivery } from './replay-deliveries.ts';
import { createTestDeliveries, readAfter, readBody, type TestDeliveries } from './test-deliveries.ts';

let database: TestDatabase;
let test: TestTenants;
let seeded: Seeded;
let bench: TestDeliveries;
let now = Date.parse('2026-11-22T12:00:00Z');
const clock = { now: () => now };
const by = 'admin:ann';
const code = (expected: string) => expect.objectContaining({ code: expected });
const event = (eventKey: string) => ({ eventKey, data: {} });

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await database.reset();
  test = createTestTenants(database.store, clock);
  seeded = await test.seed('a');
  bench = createTestDeliveries(database, clock);
});
afterAll(() => database?.close());

const show = (id: string) => showDelivery(database.db, seeded.tenantId, id);
const list = (query: Partial<Parameters<typeof listDeliveries>[2]> = {}, of = seeded) =>
  listDeliveries(database.db, of.tenantId, { limit: 100, ...query });
const ports = () => ({ db: database.db, audit: createAuditTrail({ db: database.db, clock }) });
const replay = (deliveryId: string, of = seeded) => replayDelivery(ports(), { tenantId: of.tenantId, deliveryId, by });
const replayDead = (limit = 1000, of = seeded) =>
  replayDeadDeliveries(ports(), { tenantId: of.tenantId, endpointId: seeded.endpointId, limit, by });

/** Connector code that can read nothing. */
const broken = async () => {
  throw new RuntimeError('DELIVERY_UNPARSABLE', 'no such shape');
};
const brokenCalls: DeliveryWorkerOptions['calls'] = { parseDelivery: broken, parseDecision: broken };

async function bury(...bodies: unknown[]): Promise<string[]> {
  const ids: string[] = [];
  for (const body of bodies) ids.push(await bench.deliver(body, seeded));
  await bench.worker({ calls: brokenCalls }).drain();
  return ids;
}

async function replays() {
  const rows = await database.db
    .selectFrom('connector.audit_entries')
    .select('body')
    .where('kind', '=', 'delivery.replayed')
    .orderBy('seq')
    .execute();
  return rows.map(({ body }) => JSON.parse(body) as { actor: string; subject: string; details: unknown });
}

describe('what came of a delivery', () => {
  it('is its new events and their runs', async () => {
    const id = await bench.deliver([event('one'), event('two')], seeded);
    await bench.worker({ workflows: { startedBy: () => ['a', 'b'] } }).drain();
    const shown = await show(id);
    expect(shown).toMatchObject({
      status: 'done',
      outcome: 'events',
      result: { events: 2, duplicates: 0, runs: 4 },
      headerNames: ['x-github-event'],
      contentType: 'application/json',
      events: [{ eventKey: 'one', trigger: 'sample.changed' }, { eventKey: 'two' }],
    });
    expect(shown.runs.map(({ workflow, status }) => [workflow, status]).sort()).toEqual([
      ['a', 'queued'],
      ['a', 'queued'],
      ['b', 'queued'],
      ['b', 'queued'],
    ]);
    expect(new Set(shown.runs.map(({ eventId }) => eventId))).toEqual(new Set(shown.events.map((one) => one.id)));
    expect(JSON.stringify(shown)).not.toContain('issues');
  });

  it('is nothing new when all was seen before, by another delivery or by a poll', async () => {
    const { tenantId, workspaceId, connectionId } = seeded;
    await database.db.transaction().execute(async (trx) => {
      const source = {
        tenantId,
        workspaceId,
        connectionId,
        trigger: 'sample.changed',
        deliveryId: null,
        receivedAt: now,
      };
      await insertEvents(trx, source, [event('polled')], ['triage'], now);
    });
    await bench.deliver([event('pushed')], seeded);
    await bench.worker().drain();
    const both = await bench.deliver([event('polled'), event('pushed')], seeded);
    const some = await bench.deliver([event('pushed'), event('new')], seeded);
    await bench.worker().drain();
    const none = { outcome: 'duplicate-events', result: { events: 0, duplicates: 2, runs: 0 }, events: [], runs: [] };
    expect(await show(both)).toMatchObject(none);
    expect(await show(some)).toMatchObject({ outcome: 'events', result: { events: 1, duplicates: 1, runs: 1 } });
    expect(await bench.runs()).toHaveLength(3);
  });

  it('is none when the connector saw no event', async () => {
    const id = await bench.deliver([], seeded);
    await bench.worker().drain();
    expect(await show(id)).toMatchObject({ outcome: 'no-trigger', result: { events: 0, duplicates: 0, runs: 0 } });
  });

  it('is a decision, or none, of a click', async () => {
    const clicks = await test.seed('clicks', { purpose: { kind: 'approval', name: 'chat' } });
    const approvalId = uuidv7();
    const click = { approvalId, decision: 'approved', actor: 'sample:T1/U1' } as const;
    const clicked = await bench.deliver({}, clicks);
    await bench.worker({ calls: { parseDelivery: readBody, parseDecision: async () => click } }).drain();
    now += 1;
    const other = await bench.deliver({}, clicks);
    await bench.worker().drain();
    expect(await list({}, clicks)).toMatchObject([
      { id: other, outcome: 'no-decision', result: null },
      { id: clicked, outcome: 'decision', result: { approvalId, decision: 'approved', status: 'decided' } },
    ]);
  });

  it('is why it is dead, and nothing while it is pending', async () => {
    const [dead = ''] = await bury([event('one')]);
    const pending = await bench.deliver([], seeded);
    expect(await show(dead)).toMatchObject({
      status: 'dead',
      outcome: null,
      claims: 1,
      error: { code: 'DELIVERY_UNPARSABLE', message: 'no such shape' },
    });
    expect(await show(pending)).toMatchObject({ status: 'pending', outcome: null, result: null, error: null });
  });
});

describe('the list', () => {
  it('is newest first, over all endpoints of the tenant, page by page without a gap', async () => {
    const { endpointId } = await test.tenants.createEndpoint({
      tenantId: seeded.tenantId,
      connectionId: seeded.connectionId,
      purpose: { kind: 'trigger', name: 'changed' },
      by,
    });
    const ids: string[] = [];
    for (let n = 0; n < 9; n += 1) {
      now += 1;
      ids.push(await bench.deliver([], n % 3 === 0 ? { ...seeded, endpointId } : seeded));
    }
    await bench.deliver([], await test.seed('b'));
    const found: string[] = [];
    for (let before: string | undefined; ; before = found.at(-1)) {
      const page = await list({ limit: 2, before });
      found.push(...page.map(({ id }) => id));
      if (page.length < 2) break;
    }
    expect(found).toEqual(ids.toReversed());
    const ofOne = await list({ endpointId });
    expect(ofOne.map(({ id }) => id)).toEqual([6, 3, 0].map((at) => ids[at]));
  });

  it('is of one status or outcome, when asked for', async () => {
    const [dead] = await bury([event('x')]);
    now += 1;
    const first = await bench.deliver([event('one')], seeded);
    await bench.worker().drain();
    now += 1;
    const again = await bench.deliver([event('one')], seeded);
    await bench.worker().drain();
    now += 1;
    const pending = await bench.deliver([], seeded);
    const idsOf = async (query: Parameters<typeof list>[0]) => (await list(query)).map(({ id }) => id);
    expect(await idsOf({ status: 'dead' })).toEqual([dead]);
    expect(await idsOf({ status: 'pending' })).toEqual([pending]);
    expect(await idsOf({ outcome: 'events' })).toEqual([first]);
    expect(await idsOf({ outcome: 'duplicate-events', status: 'done' })).toEqual([again]);
  });
});

describe('a dead delivery', () => {
  it('is replayed after a fix, once, and starts each run once', async () => {
    const [id = ''] = await bury([event('one'), event('two')]);
    await replay(id);
    await expect(replay(id)).rejects.toEqual(code('DELIVERY_NOT_DEAD'));
    expect(await show(id)).toMatchObject({ status: 'pending', claims: 0, error: null });
    await Promise.all([bench.worker().drain(), bench.worker().drain()]);
    expect(await show(id)).toMatchObject({ status: 'done', outcome: 'events', claims: 1 });
    await expect(replay(id)).rejects.toEqual(code('DELIVERY_NOT_DEAD'));
    expect(await bench.runs()).toHaveLength(2);
    expect(bench.jobs).toHaveLength(2);
    expect(await replays()).toEqual([
      expect.objectContaining({ actor: by, subject: `delivery:${id}`, details: { count: 1 } }),
    ]);
  });

  it('whose events came another way meanwhile starts nothing again', async () => {
    const [id = ''] = await bury([event('one')]);
    await bench.deliver([event('one')], seeded);
    await bench.worker().drain();
    await replay(id);
    await bench.worker().drain();
    expect(await show(id)).toMatchObject({ outcome: 'duplicate-events' });
    expect(await bench.runs()).toHaveLength(1);
  });

  it('has all of its tries again', async () => {
    await bench.deliver([event('x')], seeded);
    const crash = async () => {
      throw new RuntimeError('HOST_CRASHED', 'gone');
    };
    const node = bench.worker({ calls: { parseDelivery: crash, parseDecision: crash } });
    const untilDead = async () => {
      for (let tries = 1; ; tries += 1) {
        await node.drain();
        const [row] = await list();
        if (row?.status === 'dead') return tries;
        now += 64_000;
      }
    };
    expect(await untilDead()).toBe(10);
    await replay((await list())[0]?.id ?? '');
    expect(await untilDead()).toBe(10);
  });

  it('can’t be written by a node that held it before it was replayed (pitfall 27)', async () => {
    const id = await bench.deliver([event('one')], seeded);
    const gate = Promise.withResolvers<void>();
    const paused = bench.worker({ calls: readAfter(gate.promise, async () => [event('from the paused node')]) });
    paused.wake();
    await expect.poll(async () => (await show(id)).claims).toBe(1);
    now += 31_000;
    await bench.worker({ calls: brokenCalls }).drain();
    await replay(id);
    const held = Promise.withResolvers<void>();
    const next = bench.worker({ calls: readAfter(held.promise) });
    next.wake();
    // As often claimed as when the paused node had it.
    await expect.poll(() => show(id)).toMatchObject({ status: 'pending', claims: 1 });
    gate.resolve();
    await paused.stop();
    held.resolve();
    await next.stop();
    expect((await show(id)).events).toMatchObject([{ eventKey: 'one' }]);
  });

  it('is one of many that are replayed together, the oldest first, so many at a time', async () => {
    const ids = await bury(...Array.from({ length: 7 }, (_, n) => [event(`e${n}`)]));
    const inOrder = [...ids].sort();
    expect(await replayDead(3)).toEqual({ replayed: 3, left: 4 });
    expect((await list({ status: 'pending' })).map(({ id }) => id).reverse()).toEqual(inOrder.slice(0, 3));
    const both = await Promise.all([replayDead(), replayDead()]);
    expect(both.reduce((sum, { replayed }) => sum + replayed, 0)).toBe(4);
    expect(await replayDead()).toEqual({ replayed: 0, left: 0 });
    await bench.worker().drain();
    expect(await bench.runs()).toHaveLength(7);
    const audited = (await replays()).map(({ actor, subject, details }) => ({ actor, subject, details }));
    expect(audited[0]).toEqual({ actor: by, subject: `endpoint:${seeded.endpointId}`, details: { count: 3 } });
    expect(audited.reduce((sum, { details }) => sum + (details as { count: number }).count, 0)).toBe(7);
  });

  it('of another tenant is not there', async () => {
    const [id = ''] = await bury([event('one')]);
    const other = await test.seed('b');
    await expect(replay(id, other)).rejects.toEqual(code('DELIVERY_UNKNOWN'));
    await expect(replayDead(10, other)).rejects.toEqual(code('ENDPOINT_UNKNOWN'));
    await expect(showDelivery(database.db, other.tenantId, id)).rejects.toEqual(code('DELIVERY_UNKNOWN'));
    expect(await list({ endpointId: seeded.endpointId }, other)).toEqual([]);
    expect(await show(id)).toMatchObject({ status: 'dead' });
  });
});
