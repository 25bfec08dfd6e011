import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store, silentLog } from '@org/connector-runtime/stages';
import { defineFault } from './fault.ts';
import type { LimitedConnection, NodeReport, RateLimitJob } from './rate-limit/job.ts';
import { judge } from './rate-limit/judge.ts';
import { serveSaas } from './rate-limit/saas.ts';
import { runChild } from './run-child.ts';

const SIZES = {
  short: { nodes: 2, seconds: 8, controlSeconds: 2 },
  long: { nodes: 4, seconds: 600, controlSeconds: 15 },
} as const;
const NODE = new URL('./rate-limit/node.ts', import.meta.url);

export default defineFault({
  promise:
    'no call leaves before the time the SaaS permits; one connection never delays another; the limit holds across nodes',
  async run({ size, seed, random, progress }) {
    const folder = await mkdtemp(join(tmpdir(), 'faults-rate-limit-'));
    // Postgres runs as a user of its own where this process is root, and must reach its data below this folder.
    await chmod(folder, 0o711);
    const store = await openStore({ dataDir: join(folder, 'data') }, silentLog);
    const { nodes, seconds, controlSeconds } = SIZES[size];
    try {
      const trial = { store, nodes, seed, random, progress };
      const real = await tryLoad({ ...trial, seconds, ungated: false });
      progress('the same without asking before a request leaves');
      const broken = await tryLoad({ ...trial, seconds: controlSeconds, ungated: true });
      return {
        tried: real.requests,
        violations: real.violations,
        controlCaught: broken.violations.length > 0,
        notes: [
          `${real.requests} requests of ${nodes} nodes, ${real.blocks} limits by the SaaS, ${real.refused} requests refused before they left`,
          `another node stopped at most ${real.spreadMs} ms after a limit`,
          `ungated: ${broken.violations.length} violations in ${broken.requests} requests`,
        ],
      };
    } finally {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
});

interface Trial {
  readonly store: Store;
  readonly nodes: number;
  readonly seconds: number;
  readonly seed: number;
  readonly ungated: boolean;
  random(): number;
  progress(line: string): void;
}

async function tryLoad({ store, nodes, seconds, seed, ungated, random, progress }: Trial) {
  const limited = [
    await newConnection(store, { requestsPerMinute: 240, concurrency: 3 }, 120),
    await newConnection(store, { requestsPerMinute: 60, concurrency: 2 }, 300),
    await newConnection(store, { requestsPerMinute: 600, concurrency: 8 }, 60),
  ];
  const unlimited = await newConnection(store, { requestsPerMinute: 60_000, concurrency: 50 }, 150);
  const connections = [...limited, unlimited];
  const saas = await serveSaas(random, unlimited.id);
  try {
    const start = { databaseUrl: store.url.reveal(), saasUrl: saas.url, seconds, seed, connections, ungated };
    const reports = await Promise.all(
      Array.from({ length: nodes }, (_, node) => {
        const job: RateLimitJob = { ...start, node };
        return runChild<NodeReport>(NODE, job, progress);
      }),
    );
    const freeRefused = reports.reduce((sum, { refused }) => sum + (refused[unlimited.id] ?? 0), 0);
    const { violations, spreadMs } = judge(saas, connections, { id: unlimited.id, refused: freeRefused });
    const failed = reports.flatMap((report) => report.failed).map((code) => `a request ended with ${code}`);
    const refused = reports.flatMap((report) => Object.values(report.refused)).reduce((sum, count) => sum + count, 0);
    return {
      violations: [...violations, ...failed, ...reports.flatMap(({ tooEarly }) => tooEarly)],
      spreadMs,
      refused,
      requests: saas.arrivals.length,
      blocks: saas.blocks.length,
    };
  } finally {
    await saas.close();
  }
}

async function newConnection(
  { db }: Store,
  limit: LimitedConnection['limit'],
  everyMs: number,
): Promise<LimitedConnection> {
  const [tenantId, id] = [randomUUID(), randomUUID()];
  await db.insertInto('connector.tenants').values({ id: tenantId, name: tenantId }).execute();
  await db.insertInto('connector.workspaces').values({ id: tenantId, tenant_id: tenantId, name: 'default' }).execute();
  const row = {
    id,
    tenant_id: tenantId,
    workspace_id: tenantId,
    name: id,
    connector: 'saas',
    config: '{}',
    auth: 'key',
  };
  await db.insertInto('connector.connections').values(row).execute();
  return { id, tenantId, limit, everyMs };
}
