import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import type { Ingress, UnreadRefusal } from '../ingress/index.ts';
import { systemClock } from '../types/clock.ts';
import { silentLog } from '../types/log.ts';
import {
  boundConnections,
  type ConnectionLimits,
  type ConnectionRefusal,
  connectionOptions,
} from './connection-limits.ts';
import { createWebhookApp } from './webhook-app.ts';
import type { WebhookLimits } from './webhook-route.ts';
import { writeResponse } from './write-response.ts';

const started: Server[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const ANSWER = { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' };

/** The real server and route; ingress is a stand-in that answers at once, or when it is told to. */
async function serve(
  over: { limits?: ConnectionLimits; webhooks?: WebhookLimits; receive?: Ingress['receive'] } = {},
): Promise<{ port: number; url: string; refused: (ConnectionRefusal | UnreadRefusal)[] }> {
  const refused: (ConnectionRefusal | UnreadRefusal)[] = [];
  const ingress: Ingress = {
    receive: over.receive ?? (async () => ANSWER),
    refuse(code) {
      refused.push(code);
      return { status: code === 'WEBHOOK_TOO_SLOW' ? 408 : 503, headers: { connection: 'close' }, body: code };
    },
  };
  const app = new Hono().route(
    '/hooks',
    createWebhookApp({ ingress, clock: systemClock, log: silentLog, limits: over.webhooks ?? {} }),
  );
  // Of a sender that hangs up.
  app.onError((_, c) => c.body(null, 500));
  const { limits = {} } = over;
  const server = createAdaptorServer({
    fetch: async (request, env) =>
      writeResponse(await app.fetch(request, env as never), env.outgoing as ServerResponse),
    overrideGlobalObjects: false,
    serverOptions: connectionOptions(limits),
  }) as Server;
  boundConnections(server, limits, (why) => refused.push(why));
  started.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/hooks/x`, refused };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  // Cut off in the middle of a write: what was answered is what counts.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

const all = (socket: Socket) => text(socket).catch(() => '');

/** One byte now and then, until the other side has enough. */
function drip(socket: Socket, bytes: string): void {
  let at = 0;
  const timer = setInterval(() => socket.write(bytes[at++ % bytes.length] ?? 'x'), 20);
  socket.on('close', () => clearInterval(timer));
}

const post = (url: string) => fetch(url, { method: 'POST', body: '{}' });
const HEAD = 'POST /hooks/x HTTP/1.1\r\nHost: x\r\n';

/** Who goes on sending may lose the answer to the reset that follows it. */
const CUT_OFF = /^(?:HTTP\/1\.1 408 |$)/;

describe('slow senders', () => {
  const slow = { headersTimeoutMs: 200, requestTimeoutMs: 400, checkIntervalMs: 20 };

  it('are cut off that send their headers byte by byte, and others are served meanwhile', async () => {
    const { port, url, refused } = await serve({ limits: slow });
    const senders = await Promise.all(Array.from({ length: 20 }, () => open(port)));
    const answers = senders.map(all);
    for (const socket of senders) {
      socket.write(HEAD);
      drip(socket, 'X-Slow: 1\r\n');
    }
    expect((await post(url)).status).toBe(200);
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(CUT_OFF);
    expect((await post(url)).status).toBe(200);
    expect(refused).toEqual(Array.from({ length: 20 }, () => 'too-slow'));
  });

  it('are cut off that send their body byte by byte', async () => {
    const { port, url, refused } = await serve({ webhooks: { bodyTimeoutMs: 200 } });
    const sender = await open(port);
    const answer = all(sender);
    sender.write(`${HEAD}Content-Length: 1000000\r\n\r\n`);
    drip(sender, 'x');
    expect((await post(url)).status).toBe(200);
    expect(await answer).toMatch(CUT_OFF);
    expect(refused).toEqual(['WEBHOOK_TOO_SLOW']);
  });

  it('are cut off by the server where the route waits longer', async () => {
    const { port, refused } = await serve({ limits: slow });
    const sender = await open(port);
    const answer = all(sender);
    sender.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    drip(sender, '1\r\nx\r\n');
    expect(await answer).toMatch(CUT_OFF);
    expect(refused).toEqual(['too-slow']);
  });
});

describe('a connection', () => {
  it('is refused with more bytes of headers than it may send, and with what is not HTTP', async () => {
    const { port, refused } = await serve({ limits: { maxHeaderBytes: 2048 } });
    const large = await open(port);
    large.write(`${HEAD}X-Large: ${'x'.repeat(4000)}\r\n\r\n`);
    expect(await all(large)).toMatch(/^HTTP\/1\.1 431 /);
    const other = await open(port);
    other.write('\x16\x03\x01\x00\xa5 hello\r\n\r\n');
    expect(await all(other)).toMatch(/^HTTP\/1\.1 400 /);
    expect(refused).toEqual(['headers-too-large', 'not-http']);
  });

  it('is closed where there are as many as may be', async () => {
    const { port, refused } = await serve({ limits: { maxConnections: 1 } });
    const first = await open(port);
    first.write(`${HEAD}Content-Length: 2\r\n\r\n{}`);
    await once(first, 'data');
    expect(await all(await open(port))).toBe('');
    expect(refused).toEqual(['too-many']);
    first.destroy();
  });

  it('is kept for the next delivery, and closed when none comes', async () => {
    const { port } = await serve({ limits: { keepAliveTimeoutMs: 100 } });
    const socket = await open(port);
    const closed = once(socket, 'close');
    for (let n = 0; n < 2; n += 1) {
      socket.write(`${HEAD}Content-Length: 2\r\n\r\n{}`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(String(answer)).toMatch(/^HTTP\/1\.1 200 [\s\S]*content-length: 2\r\n[\s\S]*\r\n\r\n\{\}$/);
    }
    await closed;
  });
});

describe('requests in hand', () => {
  it('are so many; to further ones the same is said, known address or not, without reading them', async () => {
    const held = Promise.withResolvers<typeof ANSWER>();
    let received = 0;
    const receive = () => {
      received += 1;
      return held.promise;
    };
    const { port, url, refused } = await serve({ webhooks: { maxRequests: 2 }, receive });
    const first = [post(url), post(url)];
    while (received < 2) await new Promise(setImmediate);
    const answers = [];
    for (const token of ['x', 'y'.repeat(43)]) {
      const socket = await open(port);
      socket.write(`POST /hooks/${token} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{`);
      answers.push((await all(socket)).replace(/Date: .*/, ''));
    }
    expect(answers[0]).toBe(answers[1]);
    expect(answers[0]).toMatch(/^HTTP\/1\.1 503 [\s\S]*connection: close/i);
    expect(refused).toEqual(['WEBHOOK_OVERLOADED', 'WEBHOOK_OVERLOADED']);
    held.resolve(ANSWER);
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await post(url)).status).toBe(200);
  });

  it('hold so many bytes together, counted as they arrive, and give them back', async () => {
    const { port, url, refused } = await serve({ webhooks: { maxBytesInHand: 100_000 } });
    const slow = await open(port);
    slow.write(`${HEAD}Content-Length: 100000\r\n\r\n${'x'.repeat(60_000)}`);
    const large = () => fetch(url, { method: 'POST', body: 'y'.repeat(60_000) });
    while ((await large()).status !== 503);
    expect((await post(url)).status).toBe(200);
    const answered = once(slow, 'data');
    slow.write('x'.repeat(40_000));
    expect(String((await answered)[0])).toMatch(/^HTTP\/1\.1 200 /);
    expect((await large()).status).toBe(200);
    expect(new Set(refused)).toEqual(new Set(['WEBHOOK_OVERLOADED']));
    slow.destroy();
  });

  it('are given up by a sender that hangs up', async () => {
    const { port, url } = await serve({ webhooks: { maxRequests: 1 } });
    const socket = await open(port);
    socket.write(`${HEAD}Content-Length: 1000\r\n\r\nx`);
    while ((await post(url)).status !== 503);
    socket.destroy();
    while ((await post(url)).status !== 200);
  });
});

it('has a refusal answered at a step of its pace, and an acceptance at once', async () => {
  const steps: string[] = [];
  const { url } = await serve({
    webhooks: { refusalPaceMs: 30 },
    receive: async ({ body }) => {
      setTimeout(() => steps.push('29 ms later'), 29);
      return body.length > 2 ? { ...ANSWER, status: 401 } : ANSWER;
    },
  });
  expect((await post(url)).status).toBe(200);
  steps.length = 0;
  const refusal = await fetch(url, { method: 'POST', body: '{"a":1}' });
  expect([refusal.status, steps.length > 0]).toEqual([401, true]);
});
