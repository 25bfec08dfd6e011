import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openStore, Secret, type Store, silentLog } from '@org/connector-runtime/stages';
import { defineFault, type FaultOptions } from './fault.ts';
import { type Cluster, startCluster } from './refresh-once/cluster.ts';
import { type RotatingProvider, serveProvider } from './refresh-once/provider.ts';
import { createCredentialStack } from './refresh-once/stack.ts';

const CALLERS = 50;
/** `pastPatience`: longer than a token request may take and than others wait for the row. */
const SIZES = {
  short: { rounds: 20, nodes: 2, pauses: 3, pauseMs: 500, pastPatience: 0, kills: 2 },
  long: { rounds: 200, nodes: 4, pauses: 20, pauseMs: 3_000, pastPatience: 1, kills: 10 },
} as const;
const PAST_PATIENCE_MS = 50_000;

interface Bench {
  readonly store: Store;
  readonly masterKey: string;
  readonly provider: RotatingProvider;
}

export default defineFault({
  promise: '50 callers on each of n nodes make one token request; a rotated token is never lost silently',
  async run({ size, random, progress }: FaultOptions) {
    const folder = await mkdtemp(join(tmpdir(), 'faults-refresh-once-'));
    // Postgres runs as a user of its own where this process is root, and must reach its data below this folder.
    await chmod(folder, 0o711);
    const store = await openStore({ dataDir: join(folder, 'data') }, silentLog);
    const provider = await serveProvider();
    const bench = { store, provider, masterKey: randomBytes(32).toString('base64') };
    const { rounds, nodes, kills, ...pauses } = SIZES[size];
    try {
      const real = await tryRounds(bench, { nodes, rounds, ...pauses, withoutLock: false, random, progress });
      const lost = await tryKills(bench, { nodes, kills, progress });
      const none = { pauses: 0, pauseMs: 0, pastPatience: 0 };
      const broken = await tryRounds(bench, { nodes, rounds: 5, ...none, withoutLock: true, random, progress });
      return {
        tried: rounds + kills,
        violations: [...real.violations, ...lost],
        controlCaught: broken.violations.length > 0,
        notes: [
          `${real.requests} token requests in ${rounds} rounds of ${CALLERS} callers on ${nodes} processes`,
          `${pauses.pauses + pauses.pastPatience} holders paused, ${kills} killed after the provider had rotated`,
          `without the row lock: ${broken.requests} requests in 5 rounds`,
        ],
      };
    } finally {
      await provider.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
});

interface Rounds {
  readonly nodes: number;
  readonly rounds: number;
  readonly pauses: number;
  readonly pauseMs: number;
  readonly pastPatience: number;
  readonly withoutLock: boolean;
  random(): number;
  progress(line: string): void;
}

async function tryRounds(bench: Bench, options: Rounds): Promise<{ violations: string[]; requests: number }> {
  const { rounds, random } = options;
  const cluster = await startCluster(options.nodes, startOf(bench, options.withoutLock));
  const violations: string[] = [];
  let requests = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const pausedMs = pauseOf(round, options);
      const connection = await newConnection(bench);
      const answered = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      bench.provider.answerAfter(async () => {
        asked.resolve();
        if (pausedMs > 0) await answered.promise;
        else await pause(5 + random() * 40);
      });
      const calls = cluster.nodes.map((node) => node.round({ ...connection, callers: CALLERS }));
      if (pausedMs > 0) {
        await asked.promise;
        await pauseHolder(cluster, pausedMs, () => answered.resolve());
      }
      const answers = await Promise.all(calls);
      const { requests: count, accessToken, ended } = bench.provider.grant(connection.grant);
      requests += count;
      const said = (what: string) =>
        violations.push(`round ${round}${pausedMs > 0 ? ` (paused ${pausedMs} ms)` : ''}: ${what}`);
      if (count !== 1) said(`${count} token requests`);
      if (ended) said('the grant was ended by a second use of its refresh token');
      const failures = new Set(answers.flatMap((answer) => answer.failures));
      // Who has waited longer than a token request may take is told to come again.
      if (pausedMs >= PAST_PATIENCE_MS) failures.delete('CREDENTIAL_BUSY');
      if (failures.size > 0) said(`callers failed: ${[...failures].join(', ')}`);
      const tokens = new Set(answers.flatMap((answer) => answer.tokens));
      if (tokens.size > 1 || !tokens.has(`Bearer ${accessToken}`)) said('callers got other tokens than the newest');
      if ((round + 1) % 50 === 0) options.progress(`${round + 1} of ${rounds} rounds`);
    }
  } finally {
    await cluster.stop();
  }
  return { violations, requests };
}

/** How long the holder of this round stands still. */
function pauseOf(round: number, { rounds, pauses, pauseMs, pastPatience }: Rounds): number {
  if (round < pastPatience) return PAST_PATIENCE_MS;
  const every = pauses === 0 ? 0 : Math.floor(rounds / pauses);
  return every > 0 && round % every === every - 1 ? pauseMs : 0;
}

/** The answer comes while it stands still. */
async function pauseHolder(cluster: Cluster, ms: number, answer: () => void): Promise<void> {
  const holder = cluster.nodes[cluster.lastAsking() ?? 0];
  holder?.pause();
  answer();
  await pause(ms);
  holder?.goOn();
}

/** The holder dies after the provider has rotated: its token is lost, and the connection must say so, without asking for ever. */
async function tryKills(
  bench: Bench,
  { nodes, kills, progress }: { nodes: number; kills: number; progress(line: string): void },
): Promise<string[]> {
  const cluster = await startCluster(nodes, startOf(bench, false));
  const violations: string[] = [];
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      const connection = await newConnection(bench);
      const asked = Promise.withResolvers<void>();
      const never = Promise.withResolvers<void>();
      let first = true;
      bench.provider.answerAfter(async () => {
        if (!first) return;
        first = false;
        asked.resolve();
        await never.promise;
      });
      const calls = cluster.nodes.map((node) => node.round({ ...connection, callers: CALLERS }).catch(() => undefined));
      await asked.promise;
      const index = cluster.lastAsking() ?? 0;
      await cluster.nodes[index]?.kill();
      await Promise.all(calls);
      await cluster.replace(index);
      never.resolve();
      const again = await Promise.all(cluster.nodes.map((node) => node.round({ ...connection, callers: CALLERS })));
      const said = (what: string) => violations.push(`kill ${kill}: ${what}`);
      const { requests } = bench.provider.grant(connection.grant);
      if (requests > 2) said(`${requests} token requests: it was asked again and again`);
      if ((await statusOf(bench, connection.connectionId)) !== 'reauth_required')
        said('the connection does not say that it must be connected again');
      if (again.some(({ tokens }) => tokens.length > 0)) said('callers got a token that nobody has');
      progress(`${kill + 1} of ${kills} holders killed`);
    }
  } finally {
    await cluster.stop();
  }
  return violations;
}

const startOf = ({ store, masterKey }: Bench, withoutLock: boolean) => ({
  databaseUrl: store.url.reveal(),
  masterKey,
  withoutLock,
});

async function newConnection({ store, masterKey, provider }: Bench) {
  const { db } = store;
  const [tenantId, connectionId] = [randomUUID(), randomUUID()];
  await db.insertInto('connector.tenants').values({ id: tenantId, name: tenantId }).execute();
  await db.insertInto('connector.workspaces').values({ id: tenantId, tenant_id: tenantId, name: 'default' }).execute();
  await db
    .insertInto('connector.connections')
    .values({
      id: connectionId,
      tenant_id: tenantId,
      workspace_id: tenantId,
      name: connectionId,
      connector: 'rotating',
      config: JSON.stringify({ provider: provider.url }),
      auth: 'oauth',
    })
    .execute();
  const { grant, refreshToken } = provider.newGrant();
  const stack = createCredentialStack(store, new Secret(masterKey));
  await stack.credentials.store({ id: connectionId, tenantId, connector: 'rotating' }, 'oauth', {
    clientId: 'client',
    clientSecret: 'secret',
    refreshToken,
  });
  await stack.stop();
  return { tenantId, connectionId, grant };
}

async function statusOf({ store }: Bench, connectionId: string): Promise<string> {
  const { status } = await store.db
    .selectFrom('connector.connections')
    .select('status')
    .where('id', '=', connectionId)
    .executeTakeFirstOrThrow();
  return status;
}
