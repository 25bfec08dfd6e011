import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAuditTrail } from '../audit/index.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { createTestTenants } from '../tenants/test-tenant.ts';
import { createPostgresDeliveryQueue } from './delivery-queue.ts';

let database: TestDatabase;
let now = Date.parse('2026-11-22T12:00:00Z');
const clock = { now: () => now };
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.close());

it('renews what is still this node’s, and not what was taken over (pitfall 27)', async () => {
  const { tenantId, endpointId } = await createTestTenants(database.store, clock).seed('a');
  const { db } = database;
  const row = {
    tenant_id: tenantId,
    endpoint_id: endpointId,
    delivery_key: 'one',
    headers: '{}',
    body: Buffer.from(''),
  };
  await db
    .insertInto('connector.deliveries')
    .values({ id: uuidv7(), content_type: 'text/plain', received_at: new Date(now), ...row })
    .execute();
  const claimedUntil = async () => {
    const { claimed_until: until } = await db
      .selectFrom('connector.deliveries')
      .select('claimed_until')
      .executeTakeFirstOrThrow();
    return until?.getTime();
  };
  const queue = createPostgresDeliveryQueue({ db, audit: createAuditTrail({ db, clock }), clock, leaseMs: 10_000 });
  const late = await queue.claim(1);
  now += 10_000;
  const held = await queue.claim(1);
  now += 5_000;
  await queue.renew(late);
  expect(await claimedUntil()).toBe(now + 5_000);
  await queue.renew(held);
  expect(await claimedUntil()).toBe(now + 10_000);
});
