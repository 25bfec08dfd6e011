import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { broker, closeBrokers, failing, grant, serve, TOKEN } from './test-broker.ts';

afterEach(closeBrokers);

describe('answers', () => {
  it('are stripped of cookies and of echoed credentials, in headers and body', async () => {
    const server = await serve(({ headers }, response) => {
      response.writeHead(200, { 'set-cookie': 'session=1', 'x-echo': String(headers.authorization), 'x-kept': 'yes' });
      response.end(JSON.stringify({ headers }));
    });
    const answer = await broker().open(grant(server)).request({ method: 'GET', url: server.url });
    expect(answer.headers['x-kept']).toBe('yes');
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(JSON.stringify(answer.headers) + Buffer.from(answer.body).toString()).not.toContain(TOKEN);
    expect(JSON.parse(Buffer.from(answer.body).toString())).toHaveProperty('headers');
  });

  it.each([
    ['as JSON', (secret: string) => JSON.stringify({ secret })],
    ['in a URL', (secret: string) => `https://x.example/?${new URLSearchParams({ secret })}`],
    ['as base64', (secret: string) => Buffer.from(secret).toString('base64')],
    ['as base64url', (secret: string) => Buffer.from(secret).toString('base64url')],
  ])('are stripped of a credential that is echoed %s', async (_, echo) => {
    const secret = 'kéy"/with+odd=cöntent';
    const server = await serve((_request, response) => void response.end(echo(secret)));
    const authorization = `Basic ${Buffer.from(`user:${secret}`).toString('base64')}`;
    const authorize = async () => ({ headers: { authorization }, generation: 1 });
    const answer = await broker().open(grant(server, { authorize })).request({ method: 'GET', url: server.url });
    expect(Buffer.from(answer.body).toString()).toContain('[redacted]');
    expect(Buffer.from(answer.body).toString()).not.toContain(echo(secret).slice(-12));
  });

  it('give the credential away neither by a redirect nor in the trace of it', async () => {
    const server = await serve(({ path }, response) =>
      path === '/' ? void response.writeHead(302, { location: `/${TOKEN}?${TOKEN}` }).end() : void response.end(),
    );
    const session = broker().open(grant(server));
    const answer = await session.request({ method: 'GET', url: server.url });
    expect(JSON.stringify([answer.url, session.trace()])).not.toContain(TOKEN);
    expect(session.trace()).toHaveLength(2);
  });

  it.each([
    ['as PHP writes JSON', (secret: string) => JSON.stringify(secret).replaceAll('/', '\\/')],
    ['in a URL with small letters', (secret: string) => encodeURIComponent(secret).replaceAll('%2F', '%2f')],
  ])('are stripped of a token that is echoed %s', async (_, echo) => {
    const token = 'canary/token/5f2c9a';
    const server = await serve((_request, response) => void response.end(echo(token)));
    const authorize = async () => ({ headers: { authorization: `Bearer ${token}` }, generation: 1 });
    const answer = await broker().open(grant(server, { authorize })).request({ method: 'GET', url: server.url });
    expect(Buffer.from(answer.body).toString().replaceAll('"', '')).toBe('[redacted]');
  });

  it.each(['constructor', 'toString', 'valueOf', '__proto__'])(
    'do not end the runtime by naming an encoding that every object has: %s',
    async (encoding) => {
      const server = await serve(
        (_, response) => void response.writeHead(200, { 'content-encoding': encoding }).end('text'),
      );
      await expect(broker().open(grant(server)).request({ method: 'POST', url: server.url })).rejects.toEqual(
        failing('EGRESS_FAILED'),
      );
    },
  );

  it('are not waited for longer than the call has, whatever they ask', async () => {
    const server = await serve((_, response) => void response.writeHead(503, { 'retry-after': '10' }).end());
    const session = broker().open(grant(server, { timeoutMs: 60_000 }));
    const closing = session.request({ method: 'GET', url: server.url });
    await expect.poll(() => session.trace().length).toBe(1);
    session.close();
    await expect(closing).rejects.toEqual(failing('EGRESS_TIMEOUT'));
  }, 5_000);

  it('are not taken in an encoding within an encoding', async () => {
    const twice = gzipSync(gzipSync('text'));
    const headers = { 'content-encoding': 'gzip, gzip' };
    const server = await serve((_, response) => void response.writeHead(200, headers).end(twice));
    await expect(broker().open(grant(server)).request({ method: 'POST', url: server.url })).rejects.toEqual(
      failing('EGRESS_FAILED'),
    );
  });

  it('cannot have headers without an end', async () => {
    const server = await serve((_, response) => {
      for (let index = 0; index < 100; index += 1) response.setHeader(`x-${index}`, 'y'.repeat(1000));
      response.end();
    });
    await expect(broker().open(grant(server)).request({ method: 'POST', url: server.url })).rejects.toEqual(
      failing('EGRESS_FAILED'),
    );
  });

  it('cannot come byte by byte for longer than the call has', async () => {
    const server = await serve(({ socket }, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 5);
      socket.on('close', () => clearInterval(drip));
    });
    const session = broker().open(grant(server, { timeoutMs: 100 }));
    await expect(session.request({ method: 'POST', url: server.url })).rejects.toEqual(failing('EGRESS_TIMEOUT'));
    expect(session.effect()).toBe('uncertain');
  });

  it('are bounded after decompression (a bomb of a thousand to one)', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const server = await serve((_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    const session = broker().open(grant(server, { maxResponseBytes: 1_000_000 }));
    await expect(session.request({ method: 'GET', url: server.url })).rejects.toEqual(
      failing('EGRESS_RESPONSE_TOO_LARGE'),
    );
  });

  it('are bounded, and what is not read any more ends nothing else', async () => {
    const server = await serve((_, response) => void response.end(Buffer.alloc(2_000_000)));
    const session = broker().open(grant(server, { maxResponseBytes: 1_000_000 }));
    await expect(session.request({ method: 'POST', url: server.url })).rejects.toEqual(
      failing('EGRESS_RESPONSE_TOO_LARGE'),
    );
  });

  it('come decompressed', async () => {
    const server = await serve(
      (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('text')),
    );
    const answer = await broker().open(grant(server)).request({ method: 'GET', url: server.url });
    expect(Buffer.from(answer.body).toString()).toBe('text');
    expect(answer.headers['content-encoding']).toBeUndefined();
  });

  it('must come in time', async () => {
    const server = await serve(() => {});
    const session = broker().open(grant(server, { timeoutMs: 50 }));
    await expect(session.request({ method: 'GET', url: server.url })).rejects.toEqual(failing('EGRESS_TIMEOUT'));
  });

  it('no error of it holds the credential or the query', async () => {
    const server = await serve((request) => request.socket.destroy());
    const error: unknown = await broker()
      .open(grant(server))
      .request({ method: 'POST', url: `${server.url}/?q=${TOKEN}`, body: Buffer.from(TOKEN) })
      .catch((thrown: unknown) => thrown);
    expect(error).toEqual(failing('EGRESS_FAILED'));
    expect(JSON.stringify(error) + String((error as Error).stack) + String((error as Error).cause)).not.toContain(
      TOKEN,
    );
  });
});
