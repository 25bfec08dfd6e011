// One node: a process of its own, with limits, timers and a listening connection of its own.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  systemClock as clock,
  createBroker,
  createLimits,
  createPostgresRateLedger,
  LIMITS_CHANNEL,
  openStore,
  silentLog,
} from '@org/connector-runtime/stages';
import { seededRandom } from '../fault.ts';
import type { LimitedConnection, NodeReport, RateLimitJob } from './job.ts';
import { watched } from './watched.ts';

const PRIORITIES = ['interactive', 'run', 'background'] as const;
/** What a request may well end with here. */
const EXPECTED: ReadonlySet<unknown> = new Set(['RATE_LIMITED', 'CONNECTION_FAILING', 'EGRESS_TIMEOUT']);

const job = JSON.parse(process.argv[2] ?? '') as RateLimitJob;
const random = seededRandom(job.seed + job.node);
const nodeId = randomUUID();
const store = await openStore({ databaseUrl: job.databaseUrl }, silentLog);
const ledger = createPostgresRateLedger({ db: store.db, nodeId });
const limits = createLimits({ ledger, nodeId, clock, log: silentLog });
const stopListening = await store.listen(LIMITS_CHANNEL, limits);
const broker = createBroker({ clock, log: silentLog, allowedPrivate: ['127.0.0.1'] });
const refused: Record<string, number> = {};
const failed = new Set<string>();
const watch = watched();

async function send({ id, tenantId, limit }: LimitedConnection): Promise<void> {
  const priority = PRIORITIES[Math.floor(random() * PRIORITIES.length)] ?? 'run';
  const session = broker.open({
    allowedHosts: [new URL(job.saasUrl).host],
    partition: id,
    timeoutMs: 15_000,
    gate: watch.gate(id, job.ungated ? undefined : limits.open({ id, tenantId }, limit, priority)),
  });
  const headers = { 'x-node': String(job.node), 'x-called-at': String(Date.now()) };
  try {
    await session.request({ method: random() < 0.5 ? 'GET' : 'POST', url: `${job.saasUrl}/${id}`, headers });
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'RATE_LIMITED') refused[id] = (refused[id] ?? 0) + 1;
    if (!EXPECTED.has(code)) failed.add(String(code ?? error));
  } finally {
    session.close();
  }
}

const endsAt = Date.now() + job.seconds * 1000;
const sending = new Set<Promise<void>>();
await Promise.all(
  job.connections.map(async (connection) => {
    while (Date.now() < endsAt) {
      const one = send(connection).finally(() => sending.delete(one));
      sending.add(one);
      await pause(connection.everyMs * (0.5 + random()));
    }
  }),
);
await Promise.all(sending);
await limits.stop();
await stopListening();
await broker.stop();
await store.close();
const report: NodeReport = { refused, failed: [...failed], tooEarly: watch.tooEarly };
process.stdout.write(JSON.stringify(report));
