import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, silentLog } from '@org/connector-runtime/stages';
import { defineBench, type Row, ratio, rowOf } from './bench.ts';
import { type Child, startChild } from './child.ts';
import { type SeededEndpoint, seedEndpoint } from './ingest/database.ts';
import type { LoadReport, LoadStart, ServerStart, ServerUsage, SubjectName } from './ingest/messages.ts';
import { pathOf } from './ingest/subjects.ts';

const SERVER = new URL('./ingest/server.ts', import.meta.url);
const LOAD = new URL('./ingest/load.ts', import.meta.url);
const CONNECTIONS = 50;
const BODY_BYTES = 2_000;

const SUBJECTS: Readonly<Record<SubjectName, string>> = {
  bare: 'a: bare Hono, answers 200',
  plain: 'b: Hono, HMAC, the same insert by plain pg',
  ingress: 'c: this ingress, durable',
  octokit: 'd: @octokit/webhooks middleware, not durable',
  bolt: 'e: @slack/bolt HTTPReceiver, not durable',
};
const names = Object.keys(SUBJECTS) as SubjectName[];

interface Sample extends LoadReport {
  readonly perSecond: number;
  /** Of the server process, per request. */
  readonly cpuMs: number;
  readonly statements: number;
}

export default defineBench({
  summary: 'accepting signed webhooks on 50 connections, beside a plain insert and the vendors’ own libraries',
  async run({ quick, progress }) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-ingest-'));
    // Postgres runs as a user of its own where this process is root, and must reach its data below this folder.
    await chmod(folder, 0o711);
    const store = await openStore({ dataDir: join(folder, 'data') }, silentLog);
    const children: Child[] = [];
    const start = (file: URL) => {
      const child = startChild(file);
      children.push(child);
      return child;
    };
    try {
      const masterKey = randomBytes(32).toString('base64');
      const endpoint = await seedEndpoint(store, masterKey);
      const servers = new Map<SubjectName, { child: Child; port: number }>();
      for (const subject of names) {
        const { secret } = endpoint;
        const child = start(SERVER);
        const message: ServerStart = { subject, secret, databaseUrl: store.url.reveal(), endpoint, masterKey };
        servers.set(subject, { child, ...(await child.ask<{ port: number }>(message)) });
      }
      const load = start(LOAD);
      const plan = { rounds: quick ? 5 : 11, deliveries: quick ? 2_000 : 8_000 };
      const samples = await measure(
        plan,
        (subject) => {
          const { child, port } = servers.get(subject) ?? { child: load, port: 0 };
          return sample({ load, server: child, start: loadOf(subject, port, endpoint, plan.deliveries) });
        },
        progress,
      );
      return report(samples);
    } finally {
      await Promise.all(children.map((child) => child.stop()));
      await store.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
});

function loadOf(subject: SubjectName, port: number, { token, secret }: SeededEndpoint, deliveries: number): LoadStart {
  const scheme = subject === 'bolt' ? 'slack' : 'github';
  const shape = { connections: CONNECTIONS, deliveries, bodyBytes: BODY_BYTES };
  return { port, path: pathOf(subject, token), scheme, secret, ...shape };
}

/** In turns, each round beginning with another one: what else the machine does falls on all of them alike. */
async function measure(
  { rounds }: { readonly rounds: number },
  take: (subject: SubjectName) => Promise<Sample>,
  progress: (line: string) => void,
): Promise<ReadonlyMap<SubjectName, Sample[]>> {
  const samples = new Map<SubjectName, Sample[]>(names.map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    const speeds: string[] = [];
    for (let turn = 0; turn < names.length; turn += 1) {
      const subject = names[(turn + round + 1) % names.length] ?? 'bare';
      const taken = await take(subject);
      speeds.push(`${subject} ${Math.round(taken.perSecond)}/s`);
      if (round >= 0) samples.get(subject)?.push(taken);
    }
    progress(`${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}: ${speeds.join(', ')}`);
  }
  return samples;
}

async function sample(of: {
  readonly load: Child;
  readonly server: Child;
  readonly start: LoadStart;
}): Promise<Sample> {
  const before = await of.server.ask<ServerUsage>('usage');
  const sent = await of.load.ask<LoadReport>(of.start);
  const after = await of.server.ask<ServerUsage>('usage');
  const { deliveries } = of.start;
  if (sent.refused > 0) throw new Error(`${sent.refused} of ${deliveries} deliveries were refused at ${of.start.path}`);
  return {
    ...sent,
    perSecond: deliveries / sent.seconds,
    cpuMs: (after.cpuMs - before.cpuMs) / deliveries,
    // The endpoint is looked up again every five seconds: some thousandths.
    statements: Math.round(((after.statements - before.statements) / deliveries) * 100) / 100,
  };
}

function report(samples: ReadonlyMap<SubjectName, Sample[]>): { rows: Row[]; ratios: Record<string, number> } {
  const row = (subject: SubjectName, unit: string, of: (sample: Sample) => number, figure = '') =>
    rowOf(`${SUBJECTS[subject]}${figure}`, unit, (samples.get(subject) ?? []).map(of));
  const speed = new Map(names.map((name) => [name, row(name, 'requests/s', ({ perSecond }) => perSecond)]));
  const rows = names.flatMap((name) => [
    speed.get(name) ?? row(name, 'requests/s', ({ perSecond }) => perSecond),
    row(name, 'ms', ({ p50Ms }) => p50Ms, ', p50'),
    row(name, 'ms', ({ p99Ms }) => p99Ms, ', p99'),
    row(name, 'CPU ms/request', ({ cpuMs }) => cpuMs, ', server'),
    ...(name === 'plain' || name === 'ingress'
      ? [row(name, 'statements/request', ({ statements }) => statements, ', statements')]
      : []),
  ]);
  const against = (other: SubjectName) => {
    const [own, its] = [speed.get('ingress'), speed.get(other)];
    return own && its ? ratio(own, its) : Number.NaN;
  };
  return { rows, ratios: { 'c/b': against('plain'), 'c/e': against('bolt'), 'c/d': against('octokit') } };
}
