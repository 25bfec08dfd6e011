import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates, TLSSocket, type TlsOptions } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type LoopbackServer, serveLoopback } from '../../e2e/loopback-server.ts';
import { systemClock } from '../types/clock.ts';
import { silentLog } from '../types/log.ts';
import { createBroker } from './broker.ts';

const trusted = getCACertificates();
const closers: (() => Promise<void>)[] = [];
let identity: TlsOptions & { readonly key: string; readonly cert: string };

beforeAll(() => {
  identity = issue('subjectAltName=DNS:api.example');
});
afterEach(async () => {
  setDefaultCACertificates(trusted);
  for (const close of closers.splice(0)) await close();
});

/** A certificate that only who trusts it by name takes. */
function issue(names: string): typeof identity {
  const dir = mkdtempSync(join(tmpdir(), 'egress-tls-'));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const made = ['-nodes', '-keyout', key, '-out', cert, '-days', '1', '-subj', '/CN=api.example', '-addext', names];
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  execFileSync('openssl', [...kind, ...made], { stdio: 'ignore' });
  const pems = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(dir, { recursive: true });
  return pems;
}

async function serve(answer: Answer, options: TlsOptions = {}): Promise<LoopbackServer> {
  const server = await serveLoopback(answer, (listener) => createServer({ ...identity, ...options }, listener));
  closers.push(server.close);
  return server;
}

/** The name is looked up as the server's own address. */
function request(server: LoopbackServer, host = 'api.example') {
  const resolve = async () => [{ address: '127.0.0.1', family: 4 as const }];
  const broker = createBroker({ clock: systemClock, log: silentLog, allowedPrivate: ['127.0.0.1'], resolve });
  closers.push(() => broker.stop());
  const at = `${host}:${new URL(server.url).port}`;
  const session = broker.open({ allowedHosts: [at, server.host], partition: 'c', timeoutMs: 5_000 });
  const answer = session.request({ method: 'POST', url: `https://${at}/` });
  return { answer, session };
}

const ok: Answer = (_, response) => void response.end('ok');
const failed = expect.objectContaining({ code: 'EGRESS_FAILED' });

async function expectNothingLeft(server: LoopbackServer, host?: string): Promise<void> {
  const { answer, session } = request(server, host);
  await expect(answer).rejects.toEqual(failed);
  expect(server.requests).toEqual([]);
  expect(session.effect()).toBe('none');
}

describe('TLS of the broker', () => {
  it('takes a certificate that verifies, over HTTP/1.1 though the server prefers HTTP/2', async () => {
    setDefaultCACertificates([...trusted, identity.cert]);
    const protocols: unknown[] = [];
    const server = await serve(
      ({ socket }, response) => {
        if (socket instanceof TLSSocket) protocols.push(socket.alpnProtocol);
        response.end();
      },
      { ALPNProtocols: ['h2', 'http/1.1'] },
    );
    await expect(request(server).answer).resolves.toMatchObject({ status: 200 });
    expect(protocols).toEqual(['http/1.1']);
  });

  it('refuses a certificate that does not verify, whatever the environment says', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    closers.push(async () => {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    });
    await expectNothingLeft(await serve(ok));
  });

  it('refuses a good certificate of another host', async () => {
    setDefaultCACertificates([...trusted, identity.cert]);
    await expectNothingLeft(await serve(ok), 'other.example');
  });

  it('refuses a version of TLS that is broken', async () => {
    setDefaultCACertificates([...trusted, identity.cert]);
    await expectNothingLeft(
      await serve(ok, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    );
  });

  it('follows no redirect to plain http, though the deployment allows that host', async () => {
    setDefaultCACertificates([...trusted, identity.cert]);
    const plain = await serveLoopback(ok);
    closers.push(plain.close);
    const server = await serve((_, response) => void response.writeHead(302, { location: plain.url }).end());
    const resolve = async () => [{ address: '127.0.0.1', family: 4 as const }];
    const broker = createBroker({ clock: systemClock, log: silentLog, allowedPrivate: ['127.0.0.1'], resolve });
    closers.push(() => broker.stop());
    const at = `api.example:${new URL(server.url).port}`;
    const session = broker.open({ allowedHosts: [at, plain.host], partition: 'c', timeoutMs: 5_000 });
    await expect(session.request({ method: 'GET', url: `https://${at}/` })).rejects.toEqual(
      expect.objectContaining({ code: 'EGRESS_REDIRECT_REFUSED' }),
    );
    expect(plain.requests).toEqual([]);
  });
});
