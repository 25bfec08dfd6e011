// Four nodes on one Postgres behind one proxy, restarted one after the other while webhooks keep coming.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openStore, type Store, silentLog } from '@org/connector-runtime/stages';
import { createAdministrator } from '../../embedding-check/src/administrator.ts';
import { writeSignedConnector } from '../../embedding-check/src/signed-connector.ts';
import { createNodes } from './nodes.ts';
import { startProxy } from './proxy.ts';
import { createSender } from './sender.ts';

const NODES = 4;
const SENT_AT_ONCE = 4;
const SETTLE_MS = 120_000;

const folder = await mkdtemp(join(tmpdir(), 'four-nodes-'));
// Postgres, started as root, runs as a user of its own, who must reach its data below this folder.
await chmod(folder, 0o711);
const store = await openStore({ dataDir: join(folder, 'data') }, silentLog);
try {
  process.exitCode = await restartAll(store);
} finally {
  await store.close();
  await rm(folder, { recursive: true, force: true });
}

/** Gives 0 when all that was answered 2xx is there once, with its run completed. */
async function restartAll({ url, run }: Store): Promise<number> {
  await writeSignedConnector(folder);
  const nodes = await createNodes(NODES, folder, url.reveal());
  const proxy = await startProxy(nodes.origins);
  try {
    await nodes.start(proxy.origin);
    for (const origin of nodes.origins) await proxy.until(origin, true);
    say(`${NODES} nodes behind ${proxy.origin}`);
    const place = await createAdministrator(proxy.origin, nodes.adminToken).setUp();
    const sender = createSender(proxy.origin, place);
    let isOver = false;
    const sending = sender.sendUntil(() => isOver, SENT_AT_ONCE);
    try {
      for (const origin of nodes.origins) {
        await nodes.restart(origin);
        await proxy.until(origin, true);
        say(`${origin} was restarted; ${sender.accepted} webhooks accepted, ${sender.again} sent again`);
      }
    } finally {
      isOver = true;
      await sending;
    }
    const found = await untilSettled(run, place.tenantId);
    const isWhole = Object.values(found).every((count) => count === sender.accepted);
    const { accepted, again } = sender;
    process.stdout.write(`${JSON.stringify({ ok: isWhole, restarts: NODES, accepted, again, ...found })}\n`);
    return isWhole ? 0 : 1;
  } finally {
    await nodes.stop();
    await proxy.close();
  }
}

interface Found {
  readonly deliveries: number;
  readonly events: number;
  readonly completed: number;
}

/** What the database holds, once nothing is left to do. */
async function untilSettled(run: Store['run'], tenantId: string): Promise<Found> {
  const text = `select
    (select count(*)::int from connector.deliveries where tenant_id = $1) as deliveries,
    (select count(*)::int from connector.events where tenant_id = $1) as events,
    (select count(*)::int from connector.runs where tenant_id = $1 and status = 'completed') as completed`;
  for (const start = Date.now(); ; await pause(200)) {
    const [found] = await run<Found>({ name: 'four-nodes-found', text }, [tenantId]);
    if (found === undefined) throw new Error('the database counted nothing');
    if (found.completed >= found.deliveries || Date.now() - start > SETTLE_MS) return found;
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
