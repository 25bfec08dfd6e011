import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createAuditTrail,
  createLocalWrapper,
  createScrubber,
  createVault,
  type KeyWrappers,
  openStore,
  rotateMaster,
  rotateTenants,
  Secret,
  type Store,
  silentLog,
  systemClock,
} from '@org/connector-runtime/stages';
import { defineBench, ratio, rowOf, sampleInterleaved } from './bench.ts';

const ROTATIONS = 5;

export default defineBench({
  summary: 'opening a sealed credential, cold and cached; rotating 10,000 of them; scrubbing a log line',
  async run({ quick, progress }) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-credentials-'));
    // Postgres runs as a user of its own where this process is root, and must reach its data below this folder.
    await chmod(folder, 0o711);
    const store = await openStore({ dataDir: join(folder, 'data') }, silentLog);
    try {
      return await measure(store, quick, progress);
    } finally {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
});

async function measure(store: Store, quick: boolean, progress: (line: string) => void) {
  const count = quick ? 1_000 : 10_000;
  const { db } = store;
  const wrappers: KeyWrappers = [newWrapper()];
  const tenantId = await newTenant(store);
  progress(`sealing ${count} credentials`);
  const ids = await storeCredentials(store, wrappers, tenantId, count);
  const warm = createVault({ db, wrappers });
  let at = 0;
  const open = async (vault: ReturnType<typeof createVault>) => {
    at += 1;
    const id = ids[at % ids.length] ?? '';
    const row = await db
      .selectFrom('connector.credentials')
      .select('sealed')
      .where('connection_id', '=', id)
      .executeTakeFirstOrThrow();
    return vault.open(placeOf(tenantId, id), row.sealed);
  };
  const [sealed] = await db.selectFrom('connector.credentials').select(['connection_id', 'sealed']).limit(1).execute();
  const inMemory = () => warm.open(placeOf(tenantId, sealed?.connection_id ?? ''), sealed?.sealed ?? Buffer.alloc(0));
  const { scrub, line } = knowSecrets(1_000);
  const times = await sampleInterleaved(
    {
      cold: () => open(createVault({ db, wrappers })),
      cached: () => open(warm),
      inMemory: () => perCall(100, inMemory),
      scrub: () => perCall(100, () => scrub(line)),
    },
    { samples: quick ? 30 : 200, warmUp: 10 },
  );
  const cold = rowOf('open a credential, cold (its row, the key’s row, unwrap, open)', 'ms', times.cold);
  const cached = rowOf('open a credential, key cached (its row, open)', 'ms', times.cached);
  const memory = rowOf('open sealed bytes, key cached, no database', 'ms', times.inMemory);
  const scrubbing = rowOf('scrub a log line of 1 KB, 1,000 secrets known', 'ms', times.scrub);
  const speeds: number[] = [];
  for (let round = 0; round < ROTATIONS; round += 1) {
    const started = performance.now();
    const [rotation] = await rotateTenants({
      ...portsOf(store, wrappers),
      tenantIds: [tenantId],
      settle: async () => {},
    });
    if (rotation?.resealed !== count) throw new Error(`${rotation?.resealed} of ${count} were sealed anew`);
    speeds.push((count / (performance.now() - started)) * 1000);
    progress(`rotation ${round + 1} of ${ROTATIONS}: ${Math.round(speeds.at(-1) ?? 0)} rows/s`);
  }
  const rotation = rowOf(`rotate a tenant's key, ${count} credentials`, 'rows/s', speeds);
  const master = rowOf(
    'wrap tenants’ keys anew under another master key',
    'keys/s',
    await rotateMasters(store, wrappers, quick),
  );
  return {
    rows: [cold, cached, memory, rotation, master, scrubbing],
    ratios: { 'open, cold/cached': ratio(cold, cached), 'open, cached/in memory': ratio(cached, memory) },
  };
}

const placeOf = (tenantId: string, ownerId: string) => ({ tenantId, ownerId, field: 'credential', generation: 1 });
const newWrapper = () => createLocalWrapper(new Secret(randomBytes(32).toString('base64')));
const portsOf = ({ db }: Store, wrappers: KeyWrappers) => ({
  db,
  audit: createAuditTrail({ db, clock: systemClock }),
  wrappers,
  by: 'bench',
});

/** Milliseconds of one of so many calls. */
async function perCall(times: number, call: () => unknown): Promise<number> {
  const started = performance.now();
  for (let turn = 0; turn < times; turn += 1) await call();
  return (performance.now() - started) / times;
}

async function newTenant({ db }: Store): Promise<string> {
  const id = randomUUID();
  await db.insertInto('connector.tenants').values({ id, name: id }).execute();
  await db.insertInto('connector.workspaces').values({ id, tenant_id: id, name: 'default' }).execute();
  return id;
}

async function storeCredentials(
  { db }: Store,
  wrappers: KeyWrappers,
  tenantId: string,
  count: number,
): Promise<readonly string[]> {
  const vault = createVault({ db, wrappers });
  const secret = JSON.stringify({
    auth: 'oauth2',
    secrets: { clientId: 'a', clientSecret: randomBytes(30).toString('hex') },
  });
  const ids = Array.from({ length: count }, () => randomUUID());
  for (let from = 0; from < count; from += 1_000) {
    const batch = ids.slice(from, from + 1_000);
    await db
      .insertInto('connector.connections')
      .values(
        batch.map((id) => ({
          id,
          tenant_id: tenantId,
          workspace_id: tenantId,
          name: id,
          connector: 'sample',
          config: '{}',
          auth: 'oauth2',
        })),
      )
      .execute();
    const rows = await Promise.all(
      batch.map(async (id) => ({
        connection_id: id,
        tenant_id: tenantId,
        generation: 1,
        sealed: await vault.seal(placeOf(tenantId, id), secret),
      })),
    );
    await db.insertInto('connector.credentials').values(rows).execute();
  }
  return ids;
}

/** Keys per second, between two master keys and back. */
async function rotateMasters(store: Store, [first]: KeyWrappers, quick: boolean): Promise<number[]> {
  const vault = createVault({ db: store.db, wrappers: [first] });
  const tenants = quick ? 50 : 500;
  for (let tenant = 0; tenant < tenants; tenant += 1) await vault.seal(placeOf(await newTenant(store), 'x'), 'x');
  const second = newWrapper();
  const speeds: number[] = [];
  for (let round = 0; round < ROTATIONS; round += 1) {
    const started = performance.now();
    const wrappers: KeyWrappers = round % 2 === 0 ? [second, first] : [first, second];
    const { rewrapped } = await rotateMaster(portsOf(store, wrappers));
    speeds.push((rewrapped / (performance.now() - started)) * 1000);
  }
  return speeds;
}

function knowSecrets(count: number): { scrub(text: string): string; line: string } {
  const scrubber = createScrubber();
  for (let known = 0; known < count; known += 1) scrubber.register(randomBytes(30).toString('base64url'));
  return { scrub: scrubber.scrub, line: randomBytes(768).toString('base64') };
}
