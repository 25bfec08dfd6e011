import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import type { Seeded } from '../tenants/test-tenant.ts';
import { systemClock } from '../types/clock.ts';
import { createTestHttp, type TestHttp } from './test-http-app.ts';

let database: TestDatabase;
let http: TestHttp;
let server: ServerType;
/** What answers on the socket. */
let serving: TestHttp;
let seeded: Seeded;

beforeAll(async () => {
  database = await createTestDatabase();
  http = createTestHttp(database, systemClock);
  server = createAdaptorServer({
    fetch: (request, env) => serving.app.fetch(request, env as never),
    overrideGlobalObjects: false,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(async () => {
  await database.reset();
  serving = http;
  seeded = await http.test.seed(`tenant ${crypto.randomUUID()}`);
});
afterAll(async () => {
  server?.close();
  await database?.close();
});

const sign = (body: string | Buffer) => `sha256=${createHmac('sha256', seeded.secret).update(body).digest('hex')}`;
const headersOf = (body: string | Buffer, id = 'd1') => ({
  'content-type': 'application/json',
  'x-github-delivery': id,
  'x-hub-signature-256': sign(body),
});
const stored = () => database.db.selectFrom('connector.deliveries').selectAll().execute();

/** Bytes on a socket, as no http client would send them. Resolves to the status line's code, and all that came back. */
async function send(lines: readonly string[], body: string | Buffer = ''): Promise<{ status: number; answer: string }> {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `${[`POST /hooks/${seeded.token} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`,
  );
  socket.write(body);
  const answer = await text(socket);
  return { status: Number(answer.split(' ')[1]), answer: answer.split('\r\n\r\n')[1] ?? '' };
}

const lines = (body: string) => [
  `Content-Length: ${Buffer.byteLength(body)}`,
  ...Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}`),
];

describe('over a socket', () => {
  const body = '{"a":1}';

  it('accepts what is signed, and stores its bytes as they came (pitfall 5)', async () => {
    const { port } = server.address() as AddressInfo;
    const binary = Buffer.from([0x7b, 0xff, 0x00, 0xc3, 0x7d]);
    const response = await fetch(`http://127.0.0.1:${port}/hooks/${seeded.token}`, {
      method: 'POST',
      headers: headersOf(binary),
      body: binary,
    });
    expect([response.status, await response.text()]).toEqual([200, '{}']);
    expect((await stored())[0]?.body).toEqual(binary);
  });

  it.each(['x-hub-signature-256', 'X-GitHub-Delivery', 'Content-Type'])(
    'refuses a second %s (pitfall 4)',
    async (name) => {
      expect((await send(lines(body), body)).status).toBe(200);
      await database.db.deleteFrom('connector.deliveries').execute();
      const value = Object.entries(headersOf(body)).find(([known]) => known === name.toLowerCase())?.[1];
      for (const second of [`${name}: ${value}`, `${name}: other`]) {
        const answers = [await send([...lines(body), second], body), await send([second, ...lines(body)], body)];
        expect(answers.map(({ status }) => status)).toEqual([401, 401]);
      }
      expect(await stored()).toEqual([]);
    },
  );

  it('refuses more headers than anyone needs', async () => {
    const many = Array.from({ length: 120 }, (_, n) => `X-${n}: y`);
    expect((await send([...lines(body), ...many], body)).status).toBe(413);
  });

  it('refuses 25 MiB and a byte before reading it, also when no length is told', async () => {
    const declared = lines(body).map((line) => (line.startsWith('Content-Length') ? 'Content-Length: 26214401' : line));
    expect((await send(declared)).status).toBe(413);
    const { port } = server.address() as AddressInfo;
    const chunk = new Uint8Array(1_048_576);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent > 100) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const request = { method: 'POST', headers: headersOf(body), body: endless, duplex: 'half' } as const;
    const answer = await fetch(`http://127.0.0.1:${port}/hooks/${seeded.token}`, request).then(
      ({ status }) => status,
      () => 'cut off',
    );
    expect([413, 'cut off']).toContain(answer);
    expect(sent).toBeLessThan(100);
  });

  it('does not wait for a sender that never finishes', async () => {
    serving = createTestHttp(database, systemClock, { webhookLimits: { bodyTimeoutMs: 200 } });
    const { status } = await send(lines(body), body.slice(0, 3));
    expect(status).toBe(408);
  });

  it('answers an unknown address like a wrong signature, to the byte (pitfall 11)', async () => {
    const wrong = await send(lines(body), '{"a":2}');
    const known = seeded.token;
    seeded = { ...seeded, token: 'x'.repeat(43) };
    const unknown = await send(lines(body), body);
    seeded = { ...seeded, token: known };
    expect(unknown).toEqual(wrong);
    expect(wrong.status).toBe(401);
  });
});

describe('embedded in another framework, which gives no raw headers', () => {
  const post = (body: string, headers: Headers) =>
    http.app.fetch(new Request(`http://x/hooks/${seeded.token}`, { method: 'POST', headers, body }));

  it('accepts what is signed', async () => {
    expect((await post('{"a":1}', new Headers(headersOf('{"a":1}')))).status).toBe(200);
  });

  it.each(['x-hub-signature-256', 'x-github-delivery'])('refuses a joined %s', async (name) => {
    const headers = new Headers(headersOf('{"a":1}'));
    headers.append(name, headers.get(name) ?? '');
    expect((await post('{"a":1}', headers)).status).toBe(401);
  });

  it('bounds a body whose length nobody vouches for', async () => {
    const headers = new Headers({ ...headersOf('{}'), 'content-length': '2' });
    expect((await post('x'.repeat(26_214_401), headers)).status).toBe(413);
  });
});

describe('besides', () => {
  it('only POST reaches an address, and what is not there says nothing', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect((await http.app.request(`/hooks/${seeded.token}`, { method })).status).toBe(405);
    }
    expect((await http.app.request('/')).status).toBe(404);
  });

  it('health and readiness tell no more than that', async () => {
    const body = async (path: string, app = http.app) => {
      const response = await app.request(path);
      return [response.status, await response.json()];
    };
    expect(await body('/healthz')).toEqual([200, { status: 'ok' }]);
    expect(await body('/readyz')).toEqual([200, { status: 'ready' }]);
    const down = createTestHttp(database, systemClock, { isReady: () => Promise.reject(new Error('down')) });
    expect(await body('/readyz', down.app)).toEqual([503, { status: 'not ready' }]);
  });
});
