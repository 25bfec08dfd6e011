import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { createTestTenants, type Seeded, type TestTenants } from '../tenants/test-tenant.ts';
import { systemClock as clock } from '../types/clock.ts';
import { createPostgresDeliveryStore } from './postgres-delivery-store.ts';
import { githubDelivery } from './test-github-delivery.ts';
import { createTestIngress } from './test-ingress.ts';

let database: TestDatabase;
let test: TestTenants;
let own: Seeded;
let other: Seeded;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await database.reset();
  test = createTestTenants(database.store, clock);
  own = await test.seed('own');
  other = await test.seed('other');
});
afterAll(() => database?.close());

/** A node, and how many statements it stored its deliveries with. */
function newNode(change: (values: readonly unknown[]) => readonly unknown[] = (values) => values) {
  let statements = 0;
  const deliveries = createPostgresDeliveryStore((statement, values) => {
    statements += 1;
    return database.store.run(statement, change(values));
  });
  const ingress = createTestIngress({ store: database.store, clock, secrets: test }, { deliveries });
  return {
    statements: () => statements,
    receive: async (to: Pick<Seeded, 'token' | 'secret'>, id: string) =>
      (await ingress.receive(githubDelivery(to, { id, receivedAt: Date.now() }))).status,
  };
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `d-${index}`);

async function storedFor({ tenantId }: Seeded): Promise<string[]> {
  const rows = await database.db
    .selectFrom('connector.deliveries')
    .select(['delivery_key', 'body'])
    .where('tenant_id', '=', tenantId)
    .execute();
  // Each body with its own id.
  for (const row of rows) expect(JSON.parse(row.body.toString())).toEqual({ id: row.delivery_key });
  return rows.map(({ delivery_key }) => delivery_key).sort();
}

it('deliveries that come at once are stored by few statements, each with its own bytes', async () => {
  const node = newNode();
  const answers = await Promise.all(ids(200).map((id) => node.receive(own, id)));
  expect(new Set(answers)).toEqual(new Set([200]));
  expect(await storedFor(own)).toEqual(ids(200).sort());
  expect(node.statements()).toBeLessThan(20);
});

it('the same ones, sent to two nodes at once in another order, are stored once each', async () => {
  const nodes = [newNode(), newNode()];
  const orders = [ids(300), ids(300).reverse()];
  const answers = await Promise.all(orders.flatMap((order, at) => order.map((id) => nodes[at]?.receive(own, id))));
  expect(new Set(answers)).toEqual(new Set([200]));
  expect(await storedFor(own)).toEqual(ids(300).sort());
});

it('one that comes twice at the same moment is stored once', async () => {
  const node = newNode();
  await Promise.all([...ids(20), ...ids(20)].map((id) => node.receive(own, id)));
  expect(await storedFor(own)).toEqual(ids(20).sort());
});

it('one that the database does not take is refused alone', async () => {
  // No delivery that verifies is known to do this: its id is made one that the column's type refuses.
  const node = newNode(([tenantId, ...columns]) => {
    const keys = (columns[2] as string[]).map((key) => (key === 'd-7' ? 'd-7\0' : key));
    return [tenantId, ...columns.with(2, keys)];
  });
  const answers = await Promise.all(ids(20).map((id) => node.receive(own, id)));
  expect(answers.map((status, at) => [`d-${at}`, status]).filter(([, status]) => status !== 200)).toEqual([
    ['d-7', 503],
  ]);
  expect(await storedFor(own)).toEqual(
    ids(20)
      .filter((id) => id !== 'd-7')
      .sort(),
  );
});

it('an endpoint that is withdrawn refuses its own, and not those beside them', async () => {
  const node = newNode();
  const { tenantId, connectionId } = own;
  const purpose = { kind: 'trigger', name: 'changed' } as const;
  const made = await test.tenants.createEndpoint({ tenantId, connectionId, purpose, by: 'admin:test' });
  const second = { token: made.token.reveal(), secret: made.secret.reveal() };
  await Promise.all([node.receive(own, 'before'), node.receive(second, 'before too')]);
  await database.db
    .updateTable('connector.endpoints')
    .set({ disabled: true })
    .where('id', '=', made.endpointId)
    .execute();
  const answers = await Promise.all(ids(20).map((id, at) => node.receive(at % 2 === 0 ? own : second, id)));
  expect(answers).toEqual(ids(20).map((_, at) => (at % 2 === 0 ? 200 : 401)));
});

it('what holds up one tenant holds up no other', async () => {
  const node = newNode();
  let isReleased = false;
  const held = await database.db.transaction().execute(async (trx) => {
    await trx.selectFrom('connector.endpoints').select('id').where('id', '=', own.endpointId).forUpdate().execute();
    const waiting = ids(20).map((id) => node.receive(own, id).finally(() => expect(isReleased).toBe(true)));
    expect(await Promise.all(ids(20).map((id) => node.receive(other, id)))).toEqual(ids(20).map(() => 200));
    isReleased = true;
    return waiting;
  });
  expect(await Promise.all(held)).toEqual(ids(20).map(() => 200));
});
