import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuditTrail, verifyStoredAudit } from '../audit/index.ts';
import type { Store } from '../store/index.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { createTestTenants, type Seeded, type TestTenants } from '../tenants/test-tenant.ts';
import { DEPLOYMENT } from '../types/audit.ts';
import type { RawDelivery } from '../types/delivery.ts';
import { silentLog } from '../types/log.ts';
import { createIngress, type Ingress, type IngressOptions } from './ingress.ts';
import { createPostgresDeliveryStore } from './postgres-delivery-store.ts';
import { createPostgresEndpointStore } from './postgres-endpoint-store.ts';
import { createRefusalLedger, type RefusalLedger } from './refusal-ledger.ts';
import { githubDelivery } from './test-github-delivery.ts';

let database: TestDatabase;
let test: TestTenants;
let seeded: Seeded;
let now = Date.parse('2026-11-22T12:00:00Z');
const clock = { now: () => now };
const statements: string[] = [];
const ledgers: RefusalLedger[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await database.reset();
  test = createTestTenants(database.store, clock);
  seeded = await test.seed('a');
});
// What a test counted must not reach the next one's audit when its window ends.
afterEach(() => Promise.all(ledgers.splice(0).map((ledger) => ledger.flush())));
afterAll(() => database?.close());

function node(over: Partial<IngressOptions> = {}): Ingress & { refusals: RefusalLedger; accepted: () => number } {
  const counted = database.db.withPlugin({
    transformQuery({ node: query }) {
      statements.push(query.kind);
      return query;
    },
    transformResult: async ({ result }) => result,
  });
  const audit = createAuditTrail({ db: database.db, clock });
  const refusals = createRefusalLedger({ audit, clock, log: silentLog });
  ledgers.push(refusals);
  let accepted = 0;
  const ingress = createIngress({
    endpoints: createPostgresEndpointStore({ db: counted, secrets: test, clock }),
    deliveries: createPostgresDeliveryStore((statement, values) => {
      statements.push(statement.name);
      return database.store.run(statement, values);
    }),
    refusals,
    clock,
    log: silentLog,
    onAccepted: () => {
      accepted += 1;
    },
    ...over,
  });
  return { ...ingress, refusals, accepted: () => accepted };
}

function delivery(id: string, over: { body?: string; secret?: string; token?: string } = {}): RawDelivery {
  const { body, ...to } = over;
  return githubDelivery({ ...seeded, ...to }, { id, receivedAt: now, ...(body === undefined ? {} : { body }) });
}

const stored = () => database.db.selectFrom('connector.deliveries').selectAll().execute();
const audits = async (kind: string) => {
  const query = database.db
    .selectFrom('connector.audit_entries')
    .select(['tenant_id', 'body'])
    .where('kind', '=', kind);
  const rows = await query.orderBy('tenant_id').orderBy('seq').execute();
  return rows.map(({ tenant_id, body }) => {
    const { subject, details } = JSON.parse(body) as { subject: string; details: Record<string, unknown> };
    return { tenantId: tenant_id, subject, details };
  });
};

describe('an accepted delivery', () => {
  it('is stored as pending work, bytes and declared headers, before the 200', async () => {
    const ingress = node();
    expect(await ingress.receive(delivery('d1'))).toMatchObject({ status: 200, body: '{}' });
    expect(ingress.accepted()).toBe(1);
    const [row] = await stored();
    expect(row).toMatchObject({
      tenant_id: seeded.tenantId,
      endpoint_id: seeded.endpointId,
      delivery_key: 'd1',
      status: 'pending',
      claims: 0,
      headers: { 'x-github-event': 'issues' },
    });
    expect(row?.body.toString()).toBe('{"id":"d1"}');
    expect(row?.received_at.getTime()).toBe(now);
  });

  it('costs one statement, and its endpoint one more each five seconds', async () => {
    const ingress = node();
    await ingress.receive(delivery('d1'));
    statements.length = 0;
    for (let n = 2; n <= 11; n += 1) await ingress.receive(delivery(`d${n}`));
    expect(statements).toHaveLength(10);
    now += 5000;
    statements.length = 0;
    await ingress.receive(delivery('d12'));
    expect(statements).toHaveLength(2);
  });

  it('is a duplicate when it comes again, now or three days later, at any node (pitfalls 8, 9)', async () => {
    const first = node();
    const answers = await Promise.all(Array.from({ length: 20 }, () => first.receive(delivery('d1'))));
    now += 3 * 86_400_000;
    const second = node();
    answers.push(await second.receive(delivery('d1')));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await stored()).toHaveLength(1);
    expect([first.accepted(), first.refusals.counts().duplicates, second.accepted()]).toEqual([1, 19, 0]);
  });

  it('is one under however many new ids its bytes are replayed (pitfall 7)', async () => {
    const ingress = node();
    for (let n = 0; n < 500; n += 1) await ingress.receive(delivery(`replay-${n}`, { body: '{"same":true}' }));
    expect(await stored()).toHaveLength(1);
  });

  it('does not burn the same id of another tenant (pitfall 10)', async () => {
    const other = await test.seed('b');
    const ingress = node();
    await ingress.receive(delivery('d1'));
    await ingress.receive(delivery('d1', { token: other.token, secret: other.secret }));
    expect(new Set((await stored()).map(({ tenant_id }) => tenant_id))).toEqual(
      new Set([seeded.tenantId, other.tenantId]),
    );
  });

  it('that is a handshake is answered and not stored', async () => {
    const ping = delivery('d1');
    const headers = ping.headers.map(([name, value]) => [name, name === 'x-github-event' ? 'ping' : value] as const);
    expect(await node().receive({ ...ping, headers })).toMatchObject({ status: 200, body: '{}' });
    expect(await stored()).toEqual([]);
  });
});

describe('a refused delivery', () => {
  it('is answered with the same bytes whatever is wrong (pitfall 11)', async () => {
    const disabled = await test.seed('disabled');
    await test.tenants.disableEndpoint({ ...disabled, by: 'admin:test' });
    const ingress = node();
    const good = delivery('d1');
    const without = (name: string) => ({ ...good, headers: good.headers.filter(([known]) => known !== name) });
    const answers = [
      await ingress.receive(delivery('d1', { token: 'x'.repeat(43) })),
      await ingress.receive(delivery('d1', { token: '' })),
      await ingress.receive(delivery('d1', { token: '../../admin' })),
      await ingress.receive(delivery('d1', { secret: 'another secret of 32 characters.' })),
      await ingress.receive(delivery('d1', { token: disabled.token, secret: disabled.secret })),
      await ingress.receive(without('x-hub-signature-256')),
      await ingress.receive(without('x-github-delivery')),
      await ingress.receive({ ...good, headers: [...good.headers, ['x-github-delivery', 'd2']] }),
    ];
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([
        JSON.stringify({ status: 401, headers: { 'content-type': 'application/json' }, body: '{"error":"rejected"}' }),
      ]),
    );
    expect(await stored()).toEqual([]);
    expect(ingress.refusals.counts()).toEqual({ rejected: answers.length, duplicates: 0 });
  });

  it('by an endpoint that is disabled within the cache’s time is refused by the database', async () => {
    const ingress = node();
    await ingress.receive(delivery('d1'));
    await test.tenants.disableEndpoint({ ...seeded, by: 'admin:test' });
    expect(await ingress.receive(delivery('d2'))).toMatchObject({ status: 401 });
    expect(await stored()).toHaveLength(1);
  });

  it('of the true sender is told its type or size is wrong', async () => {
    const wrong = delivery('d1');
    const headers = wrong.headers.map(
      ([name, value]) => [name, name === 'content-type' ? 'text/plain' : value] as const,
    );
    const ingress = node();
    expect(await ingress.receive({ ...wrong, headers })).toMatchObject({ status: 415 });
    const large = delivery('d1', { body: 'x'.repeat(1_048_577) });
    expect(await ingress.receive(large)).toMatchObject({ status: 413 });
  });

  it('does not look an address up again within five seconds, known or not', async () => {
    const ingress = node();
    const token = 'x'.repeat(43);
    statements.length = 0;
    await Promise.all(Array.from({ length: 50 }, () => ingress.receive(delivery('d1', { token }))));
    await ingress.receive(delivery('d1', { token: 'not a token' }));
    expect(statements).toHaveLength(1);
  });
});

describe('the audit', () => {
  it('has one entry per endpoint, code and window, in the chain it belongs to', async () => {
    const ingress = node();
    const start = now;
    for (let n = 0; n < 30; n += 1) {
      now += 10;
      await ingress.receive(delivery('d', { secret: 'another secret of 32 characters.' }));
      await ingress.receive(delivery('d', { token: `${n}`.padStart(43, 'x') }));
    }
    await ingress.receive(delivery('d1'));
    await ingress.receive(delivery('d1'));
    await ingress.refusals.flush();
    const subject = `endpoint:${seeded.endpointId}`;
    const times = { firstAt: new Date(start + 10).toISOString(), lastAt: new Date(now).toISOString() };
    expect(await audits('webhook.rejected')).toEqual([
      { tenantId: DEPLOYMENT, subject: 'hooks', details: { code: 'WEBHOOK_UNKNOWN_ENDPOINT', count: 30, ...times } },
      { tenantId: seeded.tenantId, subject, details: { code: 'WEBHOOK_SIGNATURE_INVALID', count: 30, ...times } },
    ]);
    expect(await audits('webhook.duplicate')).toMatchObject([
      { tenantId: seeded.tenantId, subject, details: { count: 1 } },
    ]);
    await ingress.refusals.flush();
    expect(await audits('webhook.rejected')).toHaveLength(2);
    await expect(verifyStoredAudit(database.db, seeded.tenantId)).resolves.toMatchObject({ verified: true });
  });

  it('gets what could not be written when the database is back', async () => {
    const working = createAuditTrail({ db: database.db, clock });
    let isDown = true;
    const audit: typeof working = {
      ...working,
      record: (record) => (isDown ? Promise.reject(new Error('connection refused')) : working.record(record)),
    };
    const ledger = createRefusalLedger({ audit, clock, log: silentLog });
    ledger.count({ code: 'WEBHOOK_UNKNOWN_ENDPOINT' });
    await ledger.flush();
    ledger.count({ code: 'WEBHOOK_UNKNOWN_ENDPOINT' });
    isDown = false;
    await ledger.flush();
    expect((await audits('webhook.rejected')).map(({ details }) => details.count)).toEqual([2]);
  });

  it('stays bounded however many endpoints are attacked', async () => {
    const ledger = createRefusalLedger({
      audit: createAuditTrail({ db: database.db, clock }),
      clock,
      log: silentLog,
      maxGroups: 3,
    });
    for (let n = 0; n < 50; n += 1) {
      ledger.count({ code: 'WEBHOOK_STALE', endpoint: { id: `e${n}`, tenantId: seeded.tenantId } });
    }
    await ledger.flush();
    const entries = await audits('webhook.rejected');
    expect(entries).toHaveLength(4);
    expect(entries.reduce((sum, { details }) => sum + Number(details.count), 0)).toBe(50);
  });
});

describe('without a database', () => {
  let gone: Store;
  beforeAll(async () => {
    const other = await createTestDatabase();
    gone = other.store;
    await other.close();
  });

  it('asks the sender to come again, and says nothing was taken', async () => {
    const ingress = node({ deliveries: createPostgresDeliveryStore(gone.run) });
    const answer = await ingress.receive(delivery('d1'));
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(ingress.accepted()).toBe(0);
    const blind = node({ endpoints: createPostgresEndpointStore({ db: gone.db, secrets: test, clock }) });
    expect((await blind.receive(delivery('d1'))).status).toBe(503);
  });

  it('does not wait for one that hangs', async () => {
    const ingress = node({ deliveries: { accept: () => new Promise(() => {}) }, databaseTimeoutMs: 20 });
    expect((await ingress.receive(delivery('d1'))).status).toBe(503);
  });
});
