import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openStore, type Secret, type Store, silentLog } from '@org/connector-runtime/stages';
import { type Row, type ServiceNowEmulator, startServiceNowEmulator } from '@org/connector-testing';
import pg from 'pg';
import { type NodeProcess, startNode } from './node-process.ts';
import { type Relay, startRelay } from './relay.ts';
import { type CodeChange, writeSigned } from './signed-connector.ts';

export const TRIGGER = 'servicenow.incident-changed';
const START = Date.parse('2026-03-01T12:00:00Z');
const PATIENCE_MS = 60_000;

/** What is broken on purpose, for the controls. */
export interface Broken {
  readonly code?: readonly CodeChange[];
  /** Statements by the owner of the database. */
  readonly sql?: readonly string[];
}

interface PollState {
  readonly state: string;
  readonly nextDueAt: string;
  readonly notBefore: string | null;
  readonly lastSuccessAt: string | null;
  readonly complete: boolean;
  readonly error: { readonly code: string } | null;
}

/** A ServiceNow instance, a network that loses, a runtime that polls, and one clock for all of them. */
export interface Deployment {
  readonly instance: ServiceNowEmulator;
  readonly relay: Relay;
  readonly store: Store;
  now(): number;
  /** Moves the clock of the instance and of the runtime. */
  pass(ms: number): Promise<void>;
  /** Hands on the messages that the network holds. */
  deliver(): Promise<void>;
  /** Lets time pass until everything that is visible now has been polled. */
  poll(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  close(): Promise<void>;
}

export async function startDeployment(
  server: Secret,
  options: { readonly incidents: number; readonly random: () => number } & Broken,
): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-missed-events-'));
  await writeSigned(folder, options.code);
  const databaseUrl = await createDatabase(server.reveal());
  const store = await openStore({ databaseUrl }, silentLog);
  let now = START;
  const basic = { user: 'connector.integration', password: randomBytes(16).toString('hex') };
  const incident: Row[] = Array.from({ length: options.incidents }, (_, index) => ({
    number: `INC${String(index).padStart(7, '0')}`,
    short_description: `incident ${index}`,
  }));
  const instance = await startServiceNowEmulator({ basic, seed: { incident }, clock: () => now });
  const relay = await startRelay(options.random);
  const token = randomBytes(32).toString('base64url');
  const config = {
    port: 0,
    publicUrl: 'http://127.0.0.1:1',
    database: { url: databaseUrl },
    masterKey: randomBytes(32).toString('base64'),
    admin: { token },
    trust: './trust.json',
    artifacts: ['./servicenow.tgz'],
    egress: { allowPrivate: ['127.0.0.1'] },
    // One endpoint gets in minutes what a sender sends in days.
    limits: { webhooks: { rate: { perSecond: 100_000, burst: 100_000 } } },
    log: { level: 'silent' },
  };
  let node: NodeProcess | undefined;
  let hook = '';
  let tenant = '';

  async function ask<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${node?.url}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}`);
    return (await response.json()) as T;
  }

  const start = async () => {
    node = await startNode({ config, folder, now });
  };
  const pass = async (ms: number) => {
    now += ms;
    await node?.setTime(now);
  };

  /** Until it is so, or nothing has come of it for too long. */
  async function eventually(what: string, look: () => Promise<boolean>): Promise<void> {
    const patience = performance.now() + PATIENCE_MS;
    while (!(await look())) {
      if (performance.now() > patience) throw new Error(`${what} does not come about`);
      await pause(20);
    }
  }

  const state = async () => (await ask<{ polling: PollState[] }>('GET', `${tenant}/polling`)).polling[0];

  async function connect(): Promise<void> {
    const { id, workspaceId } = await ask<{ id: string; workspaceId: string }>('POST', '/tenants', { name: 'acme' });
    tenant = `/tenants/${id}`;
    const { artifacts } = await ask<{ artifacts: { digest: string }[] }>('GET', '/artifacts');
    await ask('POST', `${tenant}/enablements`, { digest: artifacts[0]?.digest });
    const connection = await ask<{ id: string }>('POST', `${tenant}/connections`, {
      ...{ workspaceId, name: 'main', connector: 'servicenow', auth: 'basic' },
      config: { instanceUrl: instance.url },
      secrets: { username: basic.user, password: basic.password },
    });
    const purpose = { kind: 'trigger', name: 'incident-changed' };
    const endpoint = { connectionId: connection.id, purpose };
    const made = await ask<{ url: string; secret: string }>('POST', `${tenant}/endpoints`, endpoint);
    hook = new URL(made.url).pathname;
    instance.configureOutbound({ url: relay.url, secret: made.secret });
  }

  await start();
  await connect();
  await pass(10_000);
  await eventually('the first poll', async () => (await state())?.lastSuccessAt != null);
  // What happens from here on is later than what the first poll leaves out.
  await pass(300_000);
  if (options.sql) await asOwner(databaseUrl, options.sql);

  return {
    instance,
    relay,
    store,
    now: () => now,
    pass,
    deliver: () => relay.deliver(`${node?.url}${hook}`),
    async poll() {
      // A turn that began before the last change does not count.
      await eventually('the end of a poll', async () => (await state())?.state !== 'reading');
      const since = now;
      await pass(1_000);
      await eventually('a poll', async () => {
        const { lastSuccessAt, complete, nextDueAt, notBefore, state: is } = (await state()) ?? {};
        if (lastSuccessAt != null && Date.parse(lastSuccessAt) > since && complete && is === 'waiting') return true;
        const dueAt = Math.max(Date.parse(nextDueAt ?? ''), Date.parse(notBefore ?? nextDueAt ?? ''));
        if (dueAt > now && is !== 'reading') await pass(dueAt - now);
        return false;
      });
    },
    start,
    async stop() {
      await node?.stop();
      node = undefined;
    },
    async kill() {
      await node?.kill();
      node = undefined;
    },
    async close() {
      await node?.kill();
      await relay.close();
      await instance.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function createDatabase(server: string): Promise<string> {
  const name = `missed_events_${randomBytes(6).toString('hex')}`;
  await asOwner(server, [`create database ${name}`]);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.toString();
}

async function asOwner(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
