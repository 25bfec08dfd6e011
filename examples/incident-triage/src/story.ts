import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { type AdminClient, createAdminClient } from './admin-client.ts';
import { type Emulators, expected, startEmulators } from './emulators.ts';
import { eventually } from './eventually.ts';
import { gather } from './gather.ts';
import { readIncident } from './incident.ts';
import { findLeaks } from './leaks.ts';
import type { Report } from './report.ts';
import type { RunView } from './run-view.ts';
import { createRuntimeProcess, findFreePort, type RuntimeProcess } from './runtime-process.ts';
import { addArtifacts, setUpTenant, type Tenant } from './setup.ts';
import { type Stats, sinceThen } from './stats.ts';
import { prepareSupplyChain } from './supply-chain.ts';
import type { Timeline } from './timeline.ts';

export interface StoryOptions {
  /** An empty folder of its own. */
  readonly folder: string;
  /** The person says no. */
  readonly deny: boolean;
  /** SIGKILL while the run waits, and again right after a write was sent. */
  readonly crash: boolean;
  readonly timeline: Timeline;
  /** Aborted: whatever was started is stopped, in reverse order, and the story rejects. */
  readonly signal: AbortSignal;
}

/** A story that was told, with everything still running. */
export interface ToldStory {
  readonly report: Report;
  readonly runtime: RuntimeProcess;
  readonly emulators: Emulators;
  readonly tenantId: string;
  /** Every secret that it had in use. */
  readonly secrets: readonly string[];
  end(): Promise<void>;
}

/** The main job, told by doing it: real processes, real HTTP on loopback, a real Postgres. */
export async function tellStory(options: StoryOptions): Promise<ToldStory> {
  const { folder, deny, crash, timeline, signal } = options;
  const startedAt = Date.now();
  const stops: (() => Promise<void>)[] = [];
  const end = async () => {
    // All of them each time: one that was still starting can only be stopped once it is there.
    for (const stop of [...stops].reverse()) await stop();
  };
  const interrupted = once(signal, 'abort').then(() => Promise.reject(new Interrupted()));
  interrupted.catch(() => undefined);
  const telling = tell();
  try {
    return await Promise.race([telling, interrupted]);
  } catch (error) {
    await end();
    // What was under way when it was interrupted fails, or has started one thing more.
    await telling.catch(() => undefined);
    await end();
    throw error;
  }

  async function tell(): Promise<ToldStory> {
    timeline.part('The stage: three vendors on loopback, keys made now, connectors signed with them');
    const emulators = await startEmulators(join(folder, 'emulators.log'));
    stops.push(() => emulators.child.stop('SIGTERM'));
    const supply = await prepareSupplyChain(join(folder, 'supply'));
    timeline.tell('ServiceNow, Slack and GitHub are emulated in their own process', `pid ${emulators.child.pid}`);

    timeline.part('The runtime: only what the trust policy names may run');
    const runtime = createRuntimeProcess({
      port: await findFreePort(),
      dataDir: join(folder, 'data'),
      trustFile: supply.trustFile,
      owner: emulators.child.ready.github.owner,
      repo: expected.repo,
      channel: emulators.child.ready.slack.channels.incidents ?? '',
      logFile: join(folder, 'runtime.log'),
    });
    stops.push(() => runtime.stop());
    await runtime.start();
    timeline.tell('runtime is up', runtime.url);
    const admin = createAdminClient(runtime.url, runtime.adminToken);
    const { artifacts, refused } = await addArtifacts(admin, supply, timeline);
    const tenant = await setUpTenant(admin, artifacts, emulators, timeline);

    const before = await readIncident(emulators.control, expected.incident);
    const earlier = await admin.get<Stats>('/stats');
    await deliver(emulators, runtime, tenant, timeline);
    await untilAudited(admin, earlier, timeline);
    const waiting = await untilAsked(admin, tenant, emulators, timeline);
    if (crash) await crashWhileWaiting(runtime, timeline);
    const crashed = crash ? crashAfterSend(runtime, emulators, timeline) : undefined;
    await decide(emulators, tenant, waiting.messageTs, deny, timeline);
    await crashed;

    const run = await eventually('the run to end', async () => {
      const view = await admin.get<RunView>(`/runs/${waiting.runId}`);
      return ['queued', 'running', 'waiting'].includes(view.status) ? undefined : view;
    });
    timeline.tell(`the run ended: ${run.status}`);
    for (const { key, kind, status, attempts } of run.steps) {
      timeline.tell(
        `  ${key}`,
        kind === 'action' ? `${status}, ${attempts} attempt${attempts === 1 ? '' : 's'}` : status,
      );
    }
    const report = await gather({ artifacts, refused, run, before, admin, tenant, emulators, deny, earlier });
    const { servicenow, github } = await emulators.control.state();
    const issued = [...servicenow.issuedTokens, ...github.issuedTokens];
    const secrets = [...tenant.secrets, ...issued, runtime.adminToken, runtime.masterKey];
    const databaseUrl = await runtime.databaseUrl();
    report.problems.push(...(await findLeaks({ logs: folder, databaseUrl, secrets })));
    report.ok = report.problems.length === 0;
    report.durationMs = Date.now() - startedAt;
    return { report, runtime, emulators, tenantId: tenant.tenantId, secrets, end };
  }
}

/** Somebody pressed Ctrl-C. */
export class Interrupted extends Error {}

/** One change, its webhook three times, and four forgeries. */
async function deliver(
  { control }: Emulators,
  { url }: RuntimeProcess,
  tenant: Tenant,
  timeline: Timeline,
): Promise<void> {
  timeline.part('An incident changes in ServiceNow');
  await control.servicenow.configureOutbound({ url: tenant.servicenowHook, secret: tenant.servicenowSecret });
  await control.servicenow.changeIncident(expected.incident, {
    urgency: '1',
    short_description: 'Checkout answers 502 for every card',
  });
  const [delivery] = await control.servicenow.outboundDeliveries();
  if (delivery === undefined) throw new Error('ServiceNow sent no webhook');
  timeline.tell('its webhook arrived', `${delivery.status}`);
  for (const time of ['second', 'third']) {
    const { status } = await control.servicenow.redeliver(delivery.id);
    timeline.tell(`the same delivery, a ${time} time`, `${status}`);
  }
  const unknown = `${url}/hooks/${randomBytes(32).toString('base64url')}`;
  for (const [what, tampering] of [
    ['without a signature', { signature: 'missing' }],
    ['with a wrong signature', { signature: 'wrong' }],
    ['signed an hour ago', { ageSeconds: 3600 }],
    ['to an address that does not exist', { url: unknown }],
  ] as const) {
    const { status } = await control.servicenow.redeliver(delivery.id, tampering);
    timeline.tell(`a forgery ${what}`, `${status}`);
  }
}

/** Rejections are counted as they come and audited once per window, so that a flood of them is no flood of entries. */
async function untilAudited(admin: AdminClient, earlier: Stats, timeline: Timeline): Promise<void> {
  await eventually('the rejections in the audit', async () => {
    const deliveries = sinceThen(await admin.get<Stats>('/stats'), earlier);
    return deliveries.rejectedAudited >= 4 && deliveries.duplicates >= 2 ? deliveries : undefined;
  });
  timeline.tell('all rejected alike, and audited');
}

async function untilAsked(admin: AdminClient, tenant: Tenant, { control }: Emulators, timeline: Timeline) {
  timeline.part('The run reads, policy wants a person, Slack asks');
  const { runId } = await eventually('the run to ask a person', async () => {
    const { runs } = await admin.get<{ runs: { id: string; status: string }[] }>(`/tenants/${tenant.tenantId}/runs`);
    const failed = runs.find(({ status }) => status === 'failed' || status === 'diverged');
    if (failed)
      throw new Error(`the run ended ${failed.status}: ${JSON.stringify(await admin.get(`/runs/${failed.id}`))}`);
    const run = runs.find(({ status }) => status === 'waiting');
    return run && { runId: run.id };
  });
  const message = await eventually('the question in Slack', async () => (await control.slack.messages('incidents'))[0]);
  timeline.tell('asked in #incidents', message.text ?? '');
  return { runId, messageTs: message.ts };
}

async function decide(
  { control }: Emulators,
  tenant: Tenant,
  ts: string,
  deny: boolean,
  timeline: Timeline,
): Promise<void> {
  timeline.part(`Dana ${deny ? 'denies' : 'approves'} it in Slack`);
  const actionId = deny ? 'deny' : 'approve';
  const { status } = await control.slack.click({
    channel: 'incidents',
    ts,
    actionId,
    user: 'dana',
    url: tenant.slackHook,
  });
  timeline.tell('the signed click arrived', `${status}`);
}

async function crashWhileWaiting(runtime: RuntimeProcess, timeline: Timeline): Promise<void> {
  timeline.part('The runtime is killed while the run waits');
  await runtime.kill();
  timeline.tell('SIGKILL');
  await runtime.start();
  timeline.tell('started again: the run still waits, as rows');
}

/** ServiceNow applies the first write but holds its reply; the runtime dies before it comes. */
async function crashAfterSend(runtime: RuntimeProcess, { control }: Emulators, timeline: Timeline): Promise<void> {
  await control.servicenow.faults.next({ kind: 'hold', times: 1, match: { method: 'PATCH' } });
  await control.servicenow.faults.whenHeld();
  timeline.part('The runtime is killed right after a write was sent');
  await runtime.kill();
  timeline.tell('SIGKILL; ServiceNow has applied the write, its reply is lost');
  await control.servicenow.faults.release();
  await runtime.start();
  timeline.tell('started again: the write is looked up, not sent again');
}
