// What a good engineer writes on pg-boss in a day: a signed webhook becomes a job; the job reads, commits, writes, commits.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { Agent, type Dispatcher, request } from 'undici';
import { answerParent } from '../child.ts';
import { countStatements } from '../count-statements.ts';
import { BARE_QUEUE, BARE_SCHEMA, type BareStart } from './bare.ts';

interface Ticket {
  readonly id: string;
  readonly ticket: string;
}

const statements = countStatements();

answerParent(async (message: BareStart | 'usage') => {
  if (message !== 'usage') return { port: await serve(message) };
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1000, statements: statements() };
});

async function serve({ databaseUrl, secret, saasUrl, account }: BareStart): Promise<number> {
  // As the runtime's pools: 20 for its own statements, 8 for the jobs.
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 20 });
  const boss = new PgBoss({
    connectionString: databaseUrl,
    schema: BARE_SCHEMA,
    max: 8,
    useListenNotify: true,
    schedule: false,
  });
  boss.on('error', (error) => process.stderr.write(`${error.message}\n`));
  await boss.start();
  const call = createCall(saasUrl, account);

  /** Three commits: it was begun, it is about to write, it has written. */
  async function work({ id, ticket }: Ticket): Promise<void> {
    await pool.query('insert into bare.runs (id, ticket, begun_at) values ($1, $2, now())', [id, ticket]);
    await call('GET', '/look');
    await pool.query('update bare.runs set intended_at = now() where id = $1', [id]);
    const output = await call('POST', '/natural', { ticket, key: id });
    await pool.query('update bare.runs set ended_at = now(), output = $2 where id = $1', [id, JSON.stringify(output)]);
  }

  await boss.work<Ticket>(
    BARE_QUEUE,
    { batchSize: 25, localConcurrency: 4, burstWhenBatchFull: true, pollingIntervalSeconds: 1 },
    async (jobs) => void (await Promise.all(jobs.map(({ data }) => work(data)))),
  );
  const accept = createAccept(boss);
  const app = new Hono();
  app.post('/hooks/:token', async (c) => {
    const body = Buffer.from(await c.req.arrayBuffer());
    const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const given = c.req.header('x-hub-signature-256') ?? '';
    if (given.length !== expected.length || !timingSafeEqual(Buffer.from(given), Buffer.from(expected))) {
      return c.json({ error: 'rejected' }, 401);
    }
    const { ticket } = JSON.parse(body.toString()) as { ticket: string };
    await accept({ id: c.req.header('x-github-delivery') ?? '', ticket });
    return c.json({});
  });
  const server = createAdaptorServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Deliveries that come while others are being stored are stored together, as the runtime does it. */
function createAccept(boss: PgBoss): (ticket: Ticket) => Promise<void> {
  let gathered: { ticket: Ticket; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let isStoring = false;

  async function store(): Promise<void> {
    isStoring = true;
    while (gathered.length > 0) {
      const together = gathered;
      gathered = [];
      try {
        await boss.insert(
          BARE_QUEUE,
          together.map(({ ticket }) => ({ data: ticket })),
        );
        for (const { resolve } of together) resolve();
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
    }
    isStoring = false;
  }

  return (ticket) =>
    new Promise((resolve, reject) => {
      gathered.push({ ticket, resolve, reject });
      if (!isStoring) void store();
    });
}

function createCall(origin: string, account: string) {
  const dispatcher = new Agent({ connections: 100 });
  return async (method: Dispatcher.HttpMethod, path: string, json?: object): Promise<unknown> => {
    const headers = { 'x-key': account, ...(json && { 'content-type': 'application/json' }) };
    const body = json === undefined ? null : JSON.stringify(json);
    const { statusCode, body: answer } = await request(`${origin}${path}`, { method, headers, body, dispatcher });
    if (statusCode !== 200) throw new Error(`${method} ${path} was answered with ${statusCode}`);
    return answer.json();
  };
}
