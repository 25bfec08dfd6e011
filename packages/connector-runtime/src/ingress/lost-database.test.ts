import { createHmac } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore, type Store } from '../store/index.ts';
import { connectOwner } from '../store/owner-client.ts';
import '../store/test-require-conditions.ts';
import { createTestTenants, type Seeded } from '../tenants/test-tenant.ts';
import { systemClock } from '../types/clock.ts';
import { RuntimeError } from '../types/errors.ts';
import { silentLog } from '../types/log.ts';
import { createIngress, type Ingress } from './ingress.ts';
import { createPostgresDeliveryStore } from './postgres-delivery-store.ts';
import { createPostgresEndpointStore } from './postgres-endpoint-store.ts';

let folder: string;
let dataDir: string;
let store: Store;
let seeded: Seeded;
let ingress: Ingress;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lost-database-'));
  // Postgres runs as a user of its own where this process is root, and must reach its data below this folder.
  await chmod(folder, 0o711);
  dataDir = join(folder, 'data');
  store = await openStore({ dataDir }, silentLog);
  const test = createTestTenants(store, systemClock);
  seeded = await test.seed('a');
  const codes: string[] = [];
  ingress = createIngress({
    endpoints: createPostgresEndpointStore({ db: store.db, secrets: test, clock: systemClock }),
    deliveries: createPostgresDeliveryStore(store.run),
    refusals: {
      count: ({ code }) => void codes.push(code),
      counts: () => ({ duplicates: 0, rejected: codes.length }),
      pending: () => ({ duplicates: 0, rejected: 0 }),
      flush: async () => undefined,
    },
    clock: systemClock,
    log: silentLog,
  });
}, 60_000);
afterAll(async () => {
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

function deliver(id: string) {
  const body = Buffer.from(`{"id":"${id}"}`);
  const signature = createHmac('sha256', seeded.secret).update(body).digest('hex');
  return ingress.receive({
    endpointToken: seeded.token,
    headers: [
      ['content-type', 'application/json'],
      ['x-github-delivery', id],
      ['x-hub-signature-256', `sha256=${signature}`],
    ],
    body,
    receivedAt: Date.now(),
  });
}

/** At the same port, once the processes of the one before are gone. */
async function reopen(port: number): Promise<Store> {
  for (;;) {
    try {
      return await openStore({ dataDir, port, exclusive: false }, silentLog);
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'PORT_UNAVAILABLE') throw error;
    }
  }
}

it('a Postgres that stops in the middle of a commit is answered 503, and the repeat is taken when it is back', async () => {
  expect(await deliver('before')).toMatchObject({ status: 200 });
  // Holds the endpoint's row: the delivery's own statement has begun, and can't end.
  const other = await connectOwner(store.url.reveal());
  other.on('error', () => undefined);
  await other.query('begin');
  await other.query('select from connector.endpoints where id = $1 for update', [seeded.endpointId]);
  const underWay = deliver('meanwhile');
  const waiting =
    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%connector.deliveries%'";
  while ((await other.query(waiting)).rows.length === 0);
  const pid = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0];
  process.kill(Number(pid), 'SIGQUIT');
  const retry = { status: 503, headers: { 'retry-after': '5' }, body: '{"error":"unavailable"}' };
  expect(await underWay).toMatchObject(retry);
  expect(await deliver('down')).toMatchObject(retry);

  const port = Number(new URL(store.url.reveal()).port);
  const again = await reopen(port);
  try {
    expect(await deliver('meanwhile')).toMatchObject({ status: 200 });
    const rows = await again.db.selectFrom('connector.deliveries').select('delivery_key').execute();
    expect(rows.map(({ delivery_key: key }) => key).sort()).toEqual(['before', 'meanwhile']);
  } finally {
    await again.close();
  }
}, 60_000);
