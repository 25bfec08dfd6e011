import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createTestHttp, type TestHttp } from './http/test-http-app.ts';
import { type HttpServer, startHttpServer } from './http-server.ts';
import { HTTP2_LIMITS } from './http2-limits.ts';
import { createTestDatabase, type TestDatabase } from './store/test-database.ts';
import type { Seeded } from './tenants/test-tenant.ts';
import { systemClock } from './types/clock.ts';

let database: TestDatabase;
let http: TestHttp;
let seeded: Seeded;

beforeAll(async () => {
  database = await createTestDatabase();
  http = createTestHttp(database, systemClock);
  seeded = await http.test.seed('acme');
});
afterAll(() => database?.close());

type Fetch = Parameters<typeof startHttpServer>[1];
const overApp: Fetch = (request, env) => http.app.fetch(request, env);

async function start(fetch: Fetch, http2: boolean): Promise<HttpServer> {
  const server = await startHttpServer(
    { port: 0, host: '127.0.0.1', http: { http2 }, limits: { connections: {} } },
    fetch,
  );
  onTestFinished(() => server.close(0));
  return server;
}

async function openSession({ port }: HttpServer): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  // What the server cuts shows at the stream.
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  onTestFinished(() => void session.destroy());
  return session;
}

const body = Buffer.from([0x7b, 0xff, 0x00, 0xc3, 0x7d]);
const signature = () => `sha256=${createHmac('sha256', seeded.secret).update(body).digest('hex')}`;

async function deliver(session: ClientHttp2Session, over: Record<string, string | string[]> = {}): Promise<number> {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/hooks/${seeded.token}`,
    'content-type': 'application/json',
    'x-github-delivery': crypto.randomUUID(),
    'x-hub-signature-256': signature(),
    ...over,
  });
  stream.end(body);
  const [headers] = await once(stream, 'response');
  await text(stream);
  return headers[':status'];
}

describe('HTTP/2 without TLS', () => {
  it('takes a signed delivery, its bytes as they came (pitfall 5), and 50 at a time', async () => {
    const session = await openSession(await start(overApp, true));
    expect(await deliver(session)).toBe(200);
    const many = Array.from({ length: 50 }, () => deliver(session));
    expect(new Set(await Promise.all(many))).toEqual(new Set([200]));
    const stored = await database.db.selectFrom('connector.deliveries').select('body').execute();
    expect(stored.every((row) => body.equals(row.body as Buffer))).toBe(true);
  });

  it('refuses an altered body and a repeated security header (pitfall 4)', async () => {
    const session = await openSession(await start(overApp, true));
    expect(await deliver(session, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })).toBe(401);
    expect(await deliver(session, { 'x-hub-signature-256': [signature(), signature()] })).toBe(401);
    expect(await deliver(session, { 'x-github-delivery': ['a', 'b'] })).toBe(401);
  });

  it('tells its limits to the peer', async () => {
    const { remoteSettings } = await openSession(await start(overApp, true));
    expect(remoteSettings).toMatchObject({ maxConcurrentStreams: 100, maxHeaderListSize: 16_384 });
  });

  it('ends a session that resets streams as fast as it opens them', async () => {
    const session = await openSession(await start(overApp, true));
    const ended = once(session, 'goaway');
    for (let n = 0; n < 10 * (HTTP2_LIMITS.streamResetBurst ?? 0) && !session.closed && !session.destroyed; n += 1) {
      const stream = session.request({ ':path': '/healthz' });
      const closed = new Promise((resolve) => stream.once('close', resolve));
      stream.on('error', () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
      await closed;
    }
    const [code] = await ended;
    expect(code).not.toBe(constants.NGHTTP2_NO_ERROR);
  });

  it('refuses headers that nobody needs', async () => {
    const session = await openSession(await start(overApp, true));
    const stream = session.request({ ':path': '/healthz', 'x-long': 'x'.repeat(20_000) });
    await expect(once(stream, 'response')).rejects.toThrow();
  });
});

describe.each([true, false])('closing, over HTTP/2: %s', (http2) => {
  const get = async (server: HttpServer): Promise<number> => {
    if (!http2) return (await fetch(`http://127.0.0.1:${server.port}/`)).status;
    const stream = (await openSession(server)).request({ ':path': '/' });
    // A stream that is cut closes, and may say nothing else.
    const cut = new Promise<never>((_, reject) => stream.once('close', () => reject(new Error('cut off'))));
    const [[headers]] = await Promise.all([Promise.race([once(stream, 'response'), cut]), text(stream)]);
    return headers[':status'];
  };

  it('finishes what is in hand and refuses new connections', async () => {
    const arrived = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Response>();
    const server = await start(() => {
      arrived.resolve();
      return answer.promise;
    }, http2);
    const answered = get(server);
    await arrived.promise;
    const closed = server.close(60_000);
    await expect(get(server)).rejects.toThrow();
    answer.resolve(new Response('done', { headers: http2 ? {} : { connection: 'close' } }));
    expect(await answered).toBe(200);
    await closed;
  });

  it('cuts off what never ends', async () => {
    const arrived = Promise.withResolvers<void>();
    const server = await start(() => {
      arrived.resolve();
      return new Promise<Response>(() => undefined);
    }, http2);
    const answered = get(server).catch(() => 'cut off');
    await arrived.promise;
    await server.close(1);
    expect(await answered).toBe('cut off');
  });
});
