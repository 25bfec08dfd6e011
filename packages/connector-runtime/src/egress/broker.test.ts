import { afterEach, describe, expect, it } from 'vitest';
import { broker, closeBrokers, failing, grant, ok, serve, TOKEN } from './test-broker.ts';

afterEach(closeBrokers);

describe('where a request may go', () => {
  it('adds the credential here, and drops what connector code put in its place', async () => {
    const server = await serve(ok);
    const session = broker().open(grant(server));
    const headers = { Authorization: 'Bearer forged', cookie: 'a=b', host: 'evil.example', 'x-plain': 'kept' };
    const answer = await session.request({ method: 'GET', url: `${server.url}/a?secret=1`, headers });
    expect(answer.status).toBe(200);
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      host: server.host,
      'x-plain': 'kept',
    });
    expect(server.requests[0]?.headers.cookie).toBeUndefined();
    expect(session.trace()).toEqual([
      { method: 'GET', host: server.host, path: '/a', status: 200, durationMs: expect.any(Number) },
    ]);
  });

  it('lets nobody add to the header of the credential by another spelling of its name', async () => {
    const server = await serve(ok);
    const authorize = async () => ({ headers: { 'X-Session': TOKEN }, generation: 1 });
    const session = broker().open(grant(server, { authorize }));
    await session.request({ method: 'GET', url: server.url, headers: { 'x-session': 'forged', 'X-SESSION': 'too' } });
    expect(server.requests[0]?.headers['x-session']).toBe(TOKEN);
  });

  it('refuses a host that is not granted, before it is looked up', async () => {
    const looked: string[] = [];
    const resolve = async (host: string) => {
      looked.push(host);
      return [];
    };
    const session = broker({ resolve }).open(grant({ host: 'api.example' }));
    await expect(session.request({ method: 'GET', url: 'https://evil.example/' })).rejects.toEqual(
      failing('EGRESS_HOST_NOT_ALLOWED'),
    );
    expect(looked).toEqual([]);
  });

  it.each(['file:///etc/passwd', 'ftp://api.example/', 'data:,x', 'not a url', '/relative'])(
    'refuses %s',
    async (url) => {
      const session = broker().open(grant({ host: 'api.example' }));
      await expect(session.request({ method: 'GET', url })).rejects.toEqual(failing('EGRESS_PROTOCOL_NOT_ALLOWED'));
    },
  );

  it('refuses a name that leads to a private address, also when only one of its addresses is', async () => {
    const resolve = async () => [
      { address: '93.184.216.34', family: 4 as const },
      { address: '169.254.169.254', family: 4 as const },
    ];
    const session = broker({ resolve }).open(grant({ host: 'api.example' }));
    await expect(session.request({ method: 'GET', url: 'https://api.example/' })).rejects.toEqual(
      failing('EGRESS_ADDRESS_NOT_ALLOWED'),
    );
  });

  it('refuses loopback where the deployment does not list it', async () => {
    const server = await serve(ok);
    const session = broker({ allowedPrivate: [] }).open(grant(server));
    await expect(session.request({ method: 'GET', url: server.url })).rejects.toEqual(
      failing('EGRESS_ADDRESS_NOT_ALLOWED'),
    );
    expect(server.requests).toEqual([]);
  });

  it('refuses plain http to a public address', async () => {
    const resolve = async () => [{ address: '93.184.216.34', family: 4 as const }];
    const session = broker({ resolve }).open(grant({ host: 'api.example:80' }));
    await expect(session.request({ method: 'GET', url: 'http://api.example/' })).rejects.toEqual(
      failing('EGRESS_PROTOCOL_NOT_ALLOWED'),
    );
  });

  it('connects to the address it checked, whatever the name resolves to afterwards (rebinding)', async () => {
    const server = await serve(ok);
    const port = new URL(server.url).port;
    const addresses = ['127.0.0.1', '127.0.0.9'];
    const resolve = async () => [{ address: addresses.shift() ?? '', family: 4 as const }];
    const session = broker({ resolve }).open(grant({ host: `rebind.example:${port}` }));
    const url = `http://rebind.example:${port}/`;
    await expect(session.request({ method: 'GET', url })).resolves.toMatchObject({ status: 200 });
    await expect(session.request({ method: 'GET', url })).rejects.toEqual(failing('EGRESS_ADDRESS_NOT_ALLOWED'));
    expect(addresses).toEqual([]);
  });

  it('refuses credentials in a URL and headers that could hold another header', async () => {
    const session = broker().open(grant({ host: 'api.example' }));
    const bad = [
      { method: 'GET', url: 'https://user:pass@api.example/' },
      { method: 'GET', url: 'https://api.example/', headers: { 'x-a': 'b\r\nhost: evil' } },
      { method: 'TRACE', url: 'https://api.example/' },
      { method: 'GET', url: 'https://api.example/', body: Buffer.from('x') },
    ];
    for (const request of bad)
      await expect(session.request(request)).rejects.toEqual(failing('EGRESS_REQUEST_INVALID'));
  });
});

describe('redirects', () => {
  it('follows to a granted host without the credential of the first', async () => {
    const second = await serve(ok);
    const first = await serve((_, response) => void response.writeHead(302, { location: `${second.url}/next` }).end());
    const session = broker().open(grant(first, { allowedHosts: [first.host, second.host] }));
    const answer = await session.request({
      method: 'GET',
      url: first.url,
      headers: { 'x-secret': 's', accept: 'a/b' },
    });
    expect(answer).toMatchObject({ status: 200, url: `${second.url}/next` });
    expect(second.requests[0]?.headers.authorization).toBeUndefined();
    expect(second.requests[0]?.headers['x-secret']).toBeUndefined();
    expect(second.requests[0]?.headers.accept).toBe('a/b');
  });

  it('keeps the credential within one origin', async () => {
    const server = await serve(({ path }, response) =>
      path === '/' ? void response.writeHead(307, { location: '/next' }).end() : void response.end('done'),
    );
    await broker().open(grant(server)).request({ method: 'GET', url: server.url });
    expect(server.requests[1]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  it.each([
    ['another host', 'https://evil.example/', 'EGRESS_HOST_NOT_ALLOWED'],
    ['cloud metadata', 'http://169.254.169.254/', 'EGRESS_HOST_NOT_ALLOWED'],
    ['a file', 'file:///etc/passwd', 'EGRESS_PROTOCOL_NOT_ALLOWED'],
    ['itself, forever', '/', 'EGRESS_REDIRECT_REFUSED'],
  ])('refuses %s', async (_, location, code) => {
    const server = await serve((_request, response) => void response.writeHead(302, { location }).end());
    await expect(broker().open(grant(server)).request({ method: 'GET', url: server.url })).rejects.toEqual(
      failing(code),
    );
  });

  it('reads the result of a write where it is told to, without its body (303)', async () => {
    const server = await serve(({ path }, response) =>
      path === '/' ? void response.writeHead(303, { location: '/result' }).end() : void response.end('done'),
    );
    const session = broker().open(grant(server));
    const headers = { 'content-type': 'text/plain' };
    const request = { method: 'POST', url: server.url, body: Buffer.from('once'), headers };
    await expect(session.request(request)).resolves.toMatchObject({ status: 200 });
    expect(server.requests.map(({ method, body }) => [method, body])).toEqual([
      ['POST', 'once'],
      ['GET', ''],
    ]);
    expect(server.requests[1]?.headers['content-type']).toBeUndefined();
    expect(session.effect()).toBe('uncertain');
  });

  it.each([301, 302, 307, 308])('takes the body of a write nowhere else (%s)', async (status) => {
    const second = await serve(ok);
    const first = await serve((_, response) => void response.writeHead(status, { location: second.url }).end());
    const session = broker().open(grant(first, { allowedHosts: [first.host, second.host] }));
    const request = { method: 'PUT', url: first.url, body: Buffer.from('secret of the tenant') };
    await expect(session.request(request)).rejects.toEqual(failing('EGRESS_REDIRECT_REFUSED'));
    expect(second.requests).toEqual([]);
  });

  it('never sends a write on', async () => {
    const server = await serve((_, response) => void response.writeHead(307, { location: '/again' }).end());
    const session = broker().open(grant(server));
    await expect(session.request({ method: 'POST', url: server.url })).rejects.toEqual(
      failing('EGRESS_REDIRECT_REFUSED'),
    );
    expect(server.requests).toHaveLength(1);
    expect(session.effect()).toBe('refused');
  });
});

describe('repeats', () => {
  it.each([429, 502, 503, 504])('sends a read again on %s', async (status) => {
    const answers = [status, status, 200];
    const server = await serve(
      (_, response) => void response.writeHead(answers.shift() ?? 500, { 'retry-after': '0' }).end(),
    );
    await expect(broker().open(grant(server)).request({ method: 'GET', url: server.url })).resolves.toMatchObject({
      status: 200,
    });
    expect(server.requests).toHaveLength(3);
  });

  it('gives a 429 that asks for a long wait back to the caller', async () => {
    const server = await serve((_, response) => void response.writeHead(429, { 'retry-after': '60' }).end());
    const session = broker().open(grant(server));
    await expect(session.request({ method: 'GET', url: server.url })).resolves.toMatchObject({ status: 429 });
    expect(server.requests).toHaveLength(1);
    expect(session.retryAfterMs()).toBe(60_000);
  });

  it.each([429, 500, 503])('never sends a write again on %s', async (status) => {
    const server = await serve((_, response) => void response.writeHead(status, { 'retry-after': '0' }).end());
    await broker().open(grant(server)).request({ method: 'POST', url: server.url });
    expect(server.requests).toHaveLength(1);
  });

  it('tries once more after a 401, with the newer credential, also a write', async () => {
    const server = await serve(
      ({ headers }, response) =>
        void response.writeHead(headers.authorization === 'Bearer new-token' ? 201 : 401).end(),
    );
    let generation = 1;
    const refused: number[] = [];
    const session = broker().open(
      grant(server, {
        authorize: async () => ({
          headers: { authorization: generation === 1 ? 'Bearer old-token' : 'Bearer new-token' },
          generation,
        }),
        onUnauthorized: async (seen) => {
          refused.push(seen);
          generation += 1;
          return true;
        },
      }),
    );
    await expect(session.request({ method: 'POST', url: server.url })).resolves.toMatchObject({ status: 201 });
    expect(refused).toEqual([1]);
    expect(session.effect()).toBe('applied');
  });

  it('takes no 401 for an answer to a write that was answered with a place to look', async () => {
    const server = await serve(({ method }, response) =>
      method === 'POST'
        ? void response.writeHead(303, { location: '/result' }).end()
        : void response.writeHead(401).end(),
    );
    const session = broker().open(grant(server, { onUnauthorized: async () => true }));
    await expect(session.request({ method: 'POST', url: server.url })).resolves.toMatchObject({ status: 401 });
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  it('takes no 401 of a place that never saw the credential for a word about it', async () => {
    const other = await serve((_, response) => void response.writeHead(401).end());
    const server = await serve((_, response) => void response.writeHead(302, { location: other.url }).end());
    const refused: number[] = [];
    const onUnauthorized = async (generation: number) => refused.push(generation) > 0;
    const session = broker().open(grant(server, { allowedHosts: [server.host, other.host], onUnauthorized }));
    await expect(session.request({ method: 'GET', url: server.url })).resolves.toMatchObject({ status: 401 });
    expect(refused).toEqual([]);
  });

  it('gives the 401 back when there is nothing newer', async () => {
    const server = await serve((_, response) => void response.writeHead(401).end());
    const session = broker().open(grant(server, { onUnauthorized: async () => false }));
    await expect(session.request({ method: 'POST', url: server.url })).resolves.toMatchObject({ status: 401 });
    expect(server.requests).toHaveLength(1);
    expect(session.effect()).toBe('refused');
  });
});

describe('what a write did', () => {
  it.each([
    [200, 'applied'],
    [201, 'applied'],
    [202, 'uncertain'],
    [400, 'refused'],
    [404, 'refused'],
    [429, 'refused'],
    [500, 'uncertain'],
    [503, 'uncertain'],
  ])('an answer of %s means %s', async (status, effect) => {
    const server = await serve((_, response) => void response.writeHead(status).end());
    const session = broker().open(grant(server));
    await session.request({ method: 'PATCH', url: server.url });
    expect(session.effect()).toBe(effect);
  });

  it('a lost reply means uncertain', async () => {
    const server = await serve((request) => request.socket.destroy());
    const session = broker().open(grant(server));
    await expect(session.request({ method: 'POST', url: server.url })).rejects.toEqual(failing('EGRESS_FAILED'));
    expect(session.effect()).toBe('uncertain');
  });

  it('nothing leaves after the deadline, however late the process wakes up to it', async () => {
    const server = await serve(ok);
    const agents = broker();
    await agents.open(grant(server)).request({ method: 'GET', url: server.url });
    const pause = (ms: number) => {
      const until = performance.now() + ms;
      while (performance.now() < until);
    };
    const authorize = async () => {
      pause(150);
      return { headers: {}, generation: 1 };
    };
    const session = agents.open(grant(server, { timeoutMs: 100, authorize }));
    await expect(session.request({ method: 'POST', url: server.url })).rejects.toEqual(failing('EGRESS_TIMEOUT'));
    expect(session.effect()).toBe('none');
    expect(server.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  it('a timeout after it left means uncertain', async () => {
    const server = await serve(() => {});
    const session = broker().open(grant(server, { timeoutMs: 100 }));
    await expect(session.request({ method: 'POST', url: server.url })).rejects.toEqual(failing('EGRESS_TIMEOUT'));
    expect(session.effect()).toBe('uncertain');
  });

  it('a connection that never came about means none', async () => {
    const server = await serve(ok);
    await server.close();
    const session = broker().open(grant(server));
    await expect(session.request({ method: 'POST', url: server.url })).rejects.toEqual(failing('EGRESS_FAILED'));
    expect(session.effect()).toBe('none');
  });

  it('a read is no effect, and one uncertain write outweighs the rest', async () => {
    const server = await serve(({ path }, response) => void response.writeHead(Number(path.slice(1))).end());
    const session = broker().open(grant(server));
    await session.request({ method: 'GET', url: `${server.url}/200` });
    expect(session.effect()).toBe('none');
    await session.request({ method: 'POST', url: `${server.url}/202` });
    await session.request({ method: 'POST', url: `${server.url}/200` });
    expect(session.effect()).toBe('uncertain');
  });
});
