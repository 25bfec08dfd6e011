import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Secret, silentLog } from '@org/connector-runtime/stages';
import { defineFault, type FaultOptions } from './fault.ts';
import { findViolations } from './missed-events/check.ts';
import { type Broken, type Deployment, startDeployment } from './missed-events/deployment.ts';
import { createHistory, type History } from './missed-events/history.ts';

const HOUR_MS = 3_600_000;
const LOST = 0.3;

interface Size {
  readonly incidents: number;
  readonly rounds: number;
  readonly changes: number;
  /** Changes while the runtime is down, over so many hours. */
  readonly outage: number;
  readonly hours: number;
  /** Changed within one second, whose messages are all lost. */
  readonly oneSecond: number;
  readonly hidden: number;
  readonly late: number;
}

const SIZES: Record<'short' | 'long' | 'control', Size> = {
  short: { incidents: 120, rounds: 6, changes: 32, outage: 60, hours: 71, oneSecond: 40, hidden: 20, late: 4 },
  long: { incidents: 4000, rounds: 60, changes: 100, outage: 3450, hours: 71, oneSecond: 500, hidden: 900, late: 50 },
  control: { incidents: 40, rounds: 2, changes: 20, outage: 0, hours: 0, oneSecond: 0, hidden: 0, late: 4 },
};

/** Builds that must be caught: one moves the cursor past events that it does not store, one reaches back by nothing. */
const CONTROLS: readonly (Broken & { readonly what: string })[] = [
  {
    what: 'a store that drops what polling found',
    sql: [
      `create function connector.drop_polled() returns trigger language plpgsql as
        $$ begin return case when new.delivery_id is null then null else new end; end $$`,
      'create trigger drop_polled before insert on connector.events for each row execute function connector.drop_polled()',
    ],
  },
  {
    what: 'a connector without an overlap, that asks for what is later and not for what is as late',
    code: [
      { from: 'OVERLAP_SECONDS = 120', to: 'OVERLAP_SECONDS = 0' },
      { from: '^sys_updated_on>=$', to: '^sys_updated_on>$' },
    ],
  },
];

export default defineFault({
  promise: 'with webhooks dropped, duplicated and reordered, polling finds every change once',
  async run(options: FaultOptions) {
    const folder = await mkdtemp(join(tmpdir(), 'faults-missed-events-'));
    // Postgres runs as a user of its own where this process is root, and must reach its data below this folder.
    await chmod(folder, 0o711);
    const { url, close } = await openStore({ dataDir: join(folder, 'data') }, silentLog);
    try {
      const told = await tell(url, options, SIZES[options.size]);
      const controls: string[] = [];
      let controlCaught = true;
      for (const { what, ...broken } of CONTROLS) {
        options.progress(what);
        const { violations } = await tell(url, options, SIZES.control, broken);
        controlCaught &&= violations.length > 0;
        controls.push(`${what}: ${violations.length} violations`);
      }
      return { ...told, controlCaught, notes: [...told.notes, ...controls] };
    } finally {
      await close();
      await rm(folder, { recursive: true, force: true });
    }
  },
});

/** Rounds of changes and polls, a node killed while it polls, an outage, one second of many changes; then the comparison. */
async function tell(server: Secret, { random, progress }: FaultOptions, size: Size, broken: Broken = {}) {
  const deployment = await startDeployment(server, { incidents: size.incidents, random, ...broken });
  try {
    const { relay } = deployment;
    const history = createHistory(deployment);
    history.hide(Array.from({ length: size.hidden }, (_, index) => index * Math.floor(size.incidents / size.hidden)));
    relay.lose(LOST);
    for (let round = 0; round < size.rounds; round += 1) {
      await changeAtRandom(deployment, history, size, random, size.changes);
      await deployment.deliver();
      if (round === 1 && size.outage > 0) await killWhilePolling(deployment);
      await deployment.poll();
      history.polled();
      if ((round + 1) % 10 === 0) progress(`${round + 1} of ${size.rounds} rounds`);
      relay.lose(1);
      for (let late = 0; late < size.late / size.rounds; late += 1) await history.createLate();
      relay.lose(LOST);
    }
    await deployment.poll();
    history.polled();
    if (size.outage > 0) await outlast(deployment, history, size, random);
    if (size.oneSecond > 0) await changeInOneSecond(deployment, history, size);
    const violations = await findViolations(deployment, history);
    const { lost, sent } = relay.counts;
    return {
      tried: history.changes,
      violations,
      notes: [
        `${history.changes} changes: ${lost} messages lost, ${sent} sent, ${relay.delivered.size} versions delivered, ${history.required.size} visible to a poll`,
      ],
    };
  } finally {
    await deployment.close();
  }
}

async function changeAtRandom(
  { pass }: Deployment,
  history: History,
  { incidents }: Size,
  random: () => number,
  count: number,
  overMs = 30_000,
): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    await history.change(Math.floor(random() * incidents));
    // Several share a second, as in an import.
    if (random() < 0.3) await pass(Math.round((overMs / count) * 2 * random()));
  }
}

/** Its lease is left behind, and runs out. */
async function killWhilePolling({ instance, pass, kill, start }: Deployment): Promise<void> {
  instance.faults.next({ kind: 'hold', match: { method: 'GET' } });
  const held = instance.faults.whenHeld();
  await pass(300_000);
  await held;
  await kill();
  instance.faults.release();
  await start();
  await pass(120_000);
}

/** The runtime is down for days; nobody takes the messages. */
async function outlast(deployment: Deployment, history: History, size: Size, random: () => number): Promise<void> {
  const { relay, stop, start, poll } = deployment;
  await stop();
  relay.lose(1);
  await changeAtRandom(deployment, history, size, random, size.outage, (size.hours * HOUR_MS) / 0.3);
  await start();
  await poll();
  history.polled();
}

async function changeInOneSecond({ relay, poll }: Deployment, history: History, size: Size): Promise<void> {
  relay.lose(1);
  for (let index = 0; index < size.oneSecond; index += 1) await history.change(index);
  await poll();
  history.polled();
}
