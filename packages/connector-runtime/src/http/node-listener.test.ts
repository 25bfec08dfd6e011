import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import type { Seeded } from '../tenants/test-tenant.ts';
import { systemClock } from '../types/clock.ts';
import { type Log, silentLog } from '../types/log.ts';
import { type NodeListener, toNodeListener } from './node-listener.ts';
import type { NodeBindings } from './raw-request.ts';
import { createTestHttp, type TestHttp } from './test-http-app.ts';

const lines: unknown[][] = [];
const keep = (message: string, fields?: object) =>
  void lines.push(fields === undefined ? [message] : [message, fields]);
const log: Log = { ...silentLog, debug: keep, info: keep, warn: keep, error: keep };

let database: TestDatabase;
let http: TestHttp;
let seeded: Seeded;
const runtime = { fetch: async (request: Request, env?: NodeBindings) => http.app.fetch(request, env) };

beforeAll(async () => {
  database = await createTestDatabase();
  const proxies = { trustedProxies: ['127.0.0.1'], forwardedHeader: 'x-forwarded-for' } as const;
  http = createTestHttp(database, systemClock, { log, proxies });
  seeded = await http.test.seed('acme');
});
afterAll(() => database?.close());

type Listen = (request: IncomingMessage, response: Parameters<NodeListener>[1]) => unknown;

async function serve(listener: Listen): Promise<string> {
  const server: Server = createServer((request, response) => void listener(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const body = Buffer.from([0x7b, 0xff, 0x00, 0xc3, 0x7d]);
const signature = () => `sha256=${createHmac('sha256', seeded.secret).update(body).digest('hex')}`;
const deliver = async (url: string) => {
  const headers = {
    'content-type': 'application/json',
    'x-github-delivery': crypto.randomUUID(),
    'x-hub-signature-256': signature(),
  };
  const { status } = await fetch(`${url}/hooks/${seeded.token}`, { method: 'POST', headers, body });
  return status;
};

describe('a listener for Node’s servers', () => {
  it('takes the bytes as they came, at the root and below a prefix (pitfall 5)', async () => {
    expect(await deliver(await serve(toNodeListener(runtime)))).toBe(200);
    const url = await serve(toNodeListener(runtime, { prefix: '/api/connectors' }));
    expect(await deliver(`${url}/api/connectors`)).toBe(200);
  });

  it.each(['', '/api', '/api/connectorsX', '/api/connectors/api/connectors', '/x/api/connectors', '/api//connectors'])(
    'answers below its prefix only: %j is nowhere',
    async (path) => {
      const url = await serve(toNodeListener(runtime, { prefix: '/api/connectors' }));
      expect(await deliver(`${url}${path}`)).toBe(404);
      expect((await fetch(`${url}${path}/healthz`)).status).toBe(404);
    },
  );

  it.each(['', '/', 'connectors', '/connectors/', '/a//b', '/a/:b', '/a*'])('refuses the prefix %j', (prefix) => {
    expect(() => toNodeListener(runtime, { prefix })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('sees a repeated security header (pitfall 4)', async () => {
    const { port } = new URL(await serve(toNodeListener(runtime)));
    const once = `X-Hub-Signature-256: ${signature()}\r\n`;
    const send = async (...signatures: string[]) => {
      const socket = connect(Number(port), '127.0.0.1');
      const head = `POST /hooks/${seeded.token} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n`;
      socket.write(
        `${head}X-GitHub-Delivery: ${crypto.randomUUID()}\r\nContent-Length: ${body.length}\r\n${signatures.join('')}\r\n`,
      );
      socket.write(body);
      return Number((await text(socket)).split(' ')[1]);
    };
    expect([await send(once), await send(once, once)]).toEqual([200, 401]);
  });

  it('answers 503, not 401, where a parser ate the body, and the log says so once', async () => {
    const listener = toNodeListener(runtime);
    const url = await serve(async (request, response) => {
      await buffer(request);
      listener(request, response);
    });
    lines.length = 0;
    expect([await deliver(url), await deliver(url)]).toEqual([503, 503]);
    expect(lines).toEqual([[expect.stringContaining('in front of body parsers')]]);
  });

  it('takes the bytes that a parser kept', async () => {
    const listener = toNodeListener(runtime);
    const url = await serve(async (request, response) => {
      listener(Object.assign(request, { rawBody: await buffer(request) }), response);
    });
    expect(await deliver(url)).toBe(200);
  });
});

describe('the log of the admin API', () => {
  it('says who asked for what from where, believing the trusted proxy only', async () => {
    const url = await serve(toNodeListener(runtime));
    lines.length = 0;
    const ask = (method: string, authorization: string) =>
      fetch(`${url}/admin/v1/tenants`, {
        method,
        headers: {
          authorization,
          'content-type': 'application/json',
          'x-forwarded-for': '198.51.100.1, 192.0.2.1',
          forwarded: 'for=198.51.100.2',
        },
        ...(method === 'POST' ? { body: '{"name":"other"}' } : {}),
      });
    await ask('POST', `Bearer ${http.token}`);
    await ask('GET', `Bearer ${http.token}`);
    await ask('POST', 'Bearer wrong');
    const known = { by: 'admin:ops', client: '192.0.2.1', path: '/admin/v1/tenants' };
    expect(lines).toEqual([
      ['the admin API was asked for a change', { ...known, method: 'POST', status: 201 }],
      ['the admin API was read', { ...known, method: 'GET', status: 200 }],
      ['a stranger was refused by the admin API', { client: '192.0.2.1', status: 401 }],
    ]);
  });
});
