import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks';
import {
  createAuditTrail,
  createIngress,
  createLocalWrapper,
  createPostgresDeliveryStore,
  createPostgresEndpointStore,
  createRefusalLedger,
  createVault,
  createWebhookApp,
  openStore,
  Secret,
  silentLog,
  startHttpServer,
  systemClock,
} from '@org/connector-runtime/stages';
import { App, HTTPReceiver, LogLevel } from '@slack/bolt';
import { Hono } from 'hono';
import pg from 'pg';
import type { ServerStart, SubjectName } from './messages.ts';

/** What the runtime's statement proves of endpoint, address and secret, and stores: for one delivery. */
const ACCEPT_DELIVERY = `
  with endpoint as (
    select id, tenant_id from connector.endpoints e
    where id = $1 and tenant_id = $2 and not disabled
      and exists (select 1 from connector.endpoint_addresses
        where id = $10 and endpoint_id = e.id and (expires_at is null or expires_at > $9::timestamptz))
      and exists (select 1 from connector.endpoint_secrets
        where id = any($11::uuid[]) and endpoint_id = e.id and (expires_at is null or expires_at > $9::timestamptz))
  ), inserted as (
    insert into connector.deliveries
      (id, tenant_id, endpoint_id, delivery_key, dedupe_digest, content_type, headers, body, received_at)
    select $3::uuid, tenant_id, id, $4::text, $5::bytea, $6::text, $7::json, $8::bytea, $9::timestamptz
    from endpoint
    on conflict do nothing
    returning 1
  )
  select exists(select 1 from endpoint) as active, exists(select 1 from inserted) as inserted`;

/** What is compared; each takes `POST` on the path that {@link pathOf} gives, answers 2xx, and tells its port. */
export const subjects: Readonly<Record<SubjectName, (start: ServerStart) => Promise<number>>> = {
  /** Nothing but the framework: the ceiling. */
  async bare() {
    const app = new Hono();
    app.post('/hooks/:token', async (c) => {
      await c.req.arrayBuffer();
      return c.json({});
    });
    return listen(createAdaptorServer(app));
  },

  /** What a good engineer writes in an hour: signature, then one insert that proves and stores the same, over plain `pg`. */
  async plain({ secret, databaseUrl, endpoint }) {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 20 });
    const app = new Hono();
    app.post('/hooks/:token', async (c) => {
      const body = Buffer.from(await c.req.arrayBuffer());
      const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
      const given = c.req.header('x-hub-signature-256') ?? '';
      if (given.length !== expected.length || !timingSafeEqual(Buffer.from(given), Buffer.from(expected))) {
        return c.json({ error: 'rejected' }, 401);
      }
      const { rows } = await pool.query<{ inserted: boolean }>(ACCEPT_DELIVERY, [
        endpoint.id,
        endpoint.tenantId,
        randomUUID(),
        c.req.header('x-github-delivery'),
        createHash('sha256').update(body).digest(),
        'application/json',
        JSON.stringify({ 'x-github-event': c.req.header('x-github-event') }),
        body,
        new Date(),
        endpoint.addressId,
        [endpoint.secretId],
      ]);
      return c.json({}, rows[0]?.inserted ? 200 : 500);
    });
    return listen(createAdaptorServer(app));
  },

  /** The runtime's own path, from its server to its statement. Nothing works the deliveries off meanwhile. */
  async ingress({ databaseUrl, masterKey }) {
    const { db, run } = await openStore({ databaseUrl }, silentLog);
    const clock = systemClock;
    const log = silentLog;
    const secrets = createVault({ db, wrappers: [createLocalWrapper(new Secret(masterKey))] });
    const ingress = createIngress({
      endpoints: createPostgresEndpointStore({ db, secrets, clock }),
      deliveries: createPostgresDeliveryStore(run),
      refusals: createRefusalLedger({ audit: createAuditTrail({ db, clock }), clock, log }),
      // One endpoint, from one process: no sender does this, and it is not what is measured.
      rate: { perSecond: 1_000_000, burst: 1_000_000 },
      clock,
      log,
    });
    const app = new Hono().route('/hooks', createWebhookApp({ ingress, clock, log }));
    const options = { port: 0, host: '127.0.0.1', http: { http2: false }, limits: { connections: {} } };
    return (await startHttpServer(options, (request, env) => app.fetch(request, env))).port;
  },

  /** GitHub's own library: verifies and emits, and stores nothing. */
  async octokit({ secret }) {
    const webhooks = new Webhooks({ secret });
    webhooks.on('issues', () => undefined);
    return listen(createServer(createNodeMiddleware(webhooks, { path: '/hooks' })));
  },

  /** Slack's own library with a listener that does nothing: verifies, acknowledges, and stores nothing. */
  async bolt({ secret }) {
    const receiver = new HTTPReceiver({ signingSecret: secret, endpoints: '/hooks', logLevel: LogLevel.ERROR });
    const app = new App({
      receiver,
      logLevel: LogLevel.ERROR,
      authorize: async () => ({ botToken: 'xoxb', botId: 'B1', botUserId: 'U0' }),
    });
    app.event('message', async () => undefined);
    return listen(createServer(receiver.requestListener));
  },
};

async function listen(server: Server | ServerType): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export function pathOf(subject: SubjectName, token: string): string {
  return subject === 'octokit' || subject === 'bolt' ? '/hooks' : `/hooks/${token}`;
}
