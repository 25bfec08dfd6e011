import { afterEach, describe, expect, it } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../../e2e/loopback-server.ts';
import { createBroker, resolveAllowedHosts, resolveTemplate } from '../egress/index.ts';
import { systemClock } from '../types/clock.ts';
import { silentLog } from '../types/log.ts';
import { createTokenHttp } from './token-http.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const connection = { id: 'c', tenantId: 't', connector: 'x', config: {}, auth: 'oauth', status: 'ready' } as const;
const post = (url: string) => ({ method: 'POST', url, headers: {}, body: Buffer.from('grant_type=x') });

/** A provider that answers when told, and a clock that ticks when told. */
async function slowProvider() {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const server: LoopbackServer = await serveLoopback((_, response) => {
    arrived.resolve();
    void released.promise.then(() => response.end('{}'));
  });
  const broker = createBroker({ clock: systemClock, log: silentLog, allowedPrivate: ['127.0.0.1'] });
  closers.push(() => broker.stop(), server.close);
  const ticking = new Set<() => void>();
  const network = createTokenHttp(broker, { resolveTemplate, resolveAllowedHosts }, (onTick) => {
    ticking.add(onTick);
    return { stop: () => void ticking.delete(onTick) };
  });
  const tick = (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) for (const onTick of ticking) onTick();
  };
  return { server, network, tick, arrived: arrived.promise, answer: () => released.resolve(), ticking };
}

describe('a token request', () => {
  it('has the 15 s that a provider has taken, and no more than 30', async () => {
    const { server, network, tick, arrived, answer, ticking } = await slowProvider();
    const asked = network.open([server.url], connection).request(post(`${server.url}/token`));
    await arrived;
    tick(15);
    answer();
    await expect(asked).resolves.toMatchObject({ status: 200 });
    expect(ticking.size).toBe(0);
  });

  it('ends after 30 s', async () => {
    const { server, network, tick, arrived } = await slowProvider();
    const asked = network.open([server.url], connection).request(post(`${server.url}/token`));
    await arrived;
    tick(30);
    await expect(asked).rejects.toMatchObject({ code: 'EGRESS_TIMEOUT' });
  });

  it('reaches the hosts of its server and no other', async () => {
    const { server, network } = await slowProvider();
    const http = network.open([server.url], connection);
    for (const url of [server.url.replace('127.0.0.1', 'localhost'), 'https://example.com/token']) {
      await expect(http.request(post(url))).rejects.toMatchObject({ code: 'EGRESS_HOST_NOT_ALLOWED' });
    }
    expect(server.requests).toHaveLength(0);
  });

  it('does not follow the provider elsewhere, with a client secret in its hand (RFC 9700 4.12)', async () => {
    const elsewhere = await serveLoopback((_, response) => void response.end('{}'));
    const moved = await serveLoopback((_, response) => void response.writeHead(307, { location: elsewhere.url }).end());
    const broker = createBroker({ clock: systemClock, log: silentLog, allowedPrivate: ['127.0.0.1'] });
    closers.push(() => broker.stop(), elsewhere.close, moved.close);
    const network = createTokenHttp(broker, { resolveTemplate, resolveAllowedHosts });
    const asked = network.open([moved.url, elsewhere.url], connection).request(post(`${moved.url}/token`));
    await expect(asked).rejects.toMatchObject({ code: 'EGRESS_REDIRECT_REFUSED' });
    expect(elsewhere.requests).toHaveLength(0);
  });
});
