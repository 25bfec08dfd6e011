import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { json, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { packArtifact } from '@org/connector-artifact';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseRuntimeOptions } from '../src/config.ts';
import { createRuntime } from '../src/runtime.ts';
import { createTestDatabase, type TestDatabase } from '../src/store/test-database.ts';
import { newSigner, signedProbe, trustBytes } from './probe-connector/signed-probe.ts';

const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const by = 'service:test';

let folder: string;
let database: TestDatabase;
let config: Parameters<typeof parseRuntimeOptions>[0] & object;
let hook: { path: string; secret: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shutdown-'));
  const signer = newSigner();
  await writeFile(join(folder, 'trust.json'), trustBytes(signer));
  await writeFile(join(folder, 'probe.tgz'), packArtifact(await signedProbe(signer)));
  database = await createTestDatabase();
  config = {
    port: 0,
    publicUrl: 'https://connectors.example.com',
    database: { url: database.store.url.reveal() },
    masterKey: randomBytes(32).toString('base64'),
    admin: { token: randomBytes(32).toString('base64url') },
    trust: './trust.json',
    artifacts: ['./probe.tgz'],
    workflows: [],
    log: { level: 'silent' },
  };
  hook = await createHook();
});
afterAll(async () => {
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What an administrator sets up once; the processes below find it in the database. */
async function createHook(): Promise<typeof hook> {
  const runtime = await createRuntime(parseRuntimeOptions(config, join(folder, 'config.mjs')));
  await runtime.start();
  const { tenants, artifacts } = runtime.admin;
  const { id: tenantId, workspaceId } = await tenants.createTenant({ name: 'acme', by });
  const [artifact] = (await artifacts.list()) as { digest: string }[];
  await tenants.enable(tenantId, artifact?.digest ?? '', by);
  const { id: connectionId } = await tenants.createConnection({
    tenantId,
    workspaceId,
    name: 'probe',
    connector: 'probe',
    config: { url: 'http://127.0.0.1:1' },
    auth: 'key',
    secrets: { key: randomBytes(16).toString('hex') },
    by,
  });
  const purpose = { kind: 'trigger', name: 'happened' } as const;
  const { token, secret } = await tenants.createEndpoint({ tenantId, connectionId, purpose, by });
  await runtime.stop();
  return { path: `/hooks/${token.reveal()}`, secret: secret.reveal() };
}

interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
}

async function serve(http: object): Promise<Served> {
  const file = join(folder, `${crypto.randomUUID()}.mjs`);
  await writeFile(file, `export default ${JSON.stringify({ ...config, http })}`, { mode: 0o600 });
  const args = ['--conditions=@org/source', cli, 'serve', '--config', file, '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { url: (JSON.parse(line) as { url: string }).url, child, exit };
}

const bodyOf = (id: string) => JSON.stringify({ events: [{ id }] });
const headersOf = (body: string) => ({
  'content-type': 'application/json',
  'content-length': Buffer.byteLength(body),
  'x-hub-signature-256': `sha256=${createHmac('sha256', hook.secret).update(body).digest('hex')}`,
});
const agent = new Agent({ keepAlive: true });

function post(url: string, body: string, more: object = {}): ClientRequest {
  return request(`${url}${hook.path}`, { method: 'POST', agent, headers: { ...headersOf(body), ...more } });
}

async function answerTo(
  sent: ClientRequest,
  body: string,
): Promise<[status?: number | undefined, connection?: string | undefined]> {
  const response = once(sent, 'response');
  sent.end(body);
  const [{ statusCode, headers }] = (await response) as [IncomingMessage];
  return [statusCode, headers.connection];
}

/** Until the process has seen the signal: nothing but its answers tells when. */
const readiness = (url: string) => async () => {
  const response = await fetch(`${url}/readyz`);
  return [response.status, await response.json()];
};
const stored = async () => (await database.db.selectFrom('connector.deliveries').select('id').execute()).length;

describe('serve, told to stop', () => {
  it('says so to load balancers while it still accepts, and ends at once when it is told again', async () => {
    const { url, child, exit } = await serve({ drainSeconds: 300 });
    const before = await stored();
    expect(await answerTo(post(url, bodyOf('before')), bodyOf('before'))).toEqual([200, 'keep-alive']);
    child.kill('SIGTERM');
    await expect.poll(readiness(url), { timeout: 20_000 }).toEqual([503, { status: 'draining' }]);
    expect(await answerTo(post(url, bodyOf('draining')), bodyOf('draining'))).toEqual([200, 'close']);
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
    expect((await stored()) - before).toBe(2);
  });

  it('refuses new connections, finishes what is in hand after its commit, and ends with 0', async () => {
    const { url, child, exit } = await serve({});
    const before = await stored();
    const open = post(url, bodyOf('in hand'), { expect: '100-continue' });
    open.flushHeaders();
    await once(open, 'continue');
    child.kill('SIGTERM');
    const isRefused = () =>
      fetch(`${url}/healthz`).then(
        () => false,
        () => true,
      );
    await expect.poll(isRefused, { timeout: 20_000 }).toBe(true);
    expect(await answerTo(open, bodyOf('in hand'))).toEqual([200, 'close']);
    expect(await exit).toBe(0);
    expect((await stored()) - before).toBe(1);
  });

  it('finishes the streams of its HTTP/2 sessions', async () => {
    const { url, child, exit } = await serve({ http2: true });
    const before = await stored();
    const session = connect(url);
    onTestFinished(() => session.destroy());
    const body = bodyOf('over http2');
    const open = session.request({ ':method': 'POST', ':path': hook.path, ...headersOf(body) });
    // A stream that was answered shows that the one before it has arrived.
    const probe = session.request({ ':path': '/readyz' });
    expect(await json(probe)).toEqual({ status: 'ready' });
    const goodbye = once(session, 'goaway');
    child.kill('SIGTERM');
    await goodbye;
    const response = once(open, 'response');
    open.end(body);
    const [{ ':status': status }] = await response;
    await text(open);
    expect([status, await exit, (await stored()) - before]).toEqual([200, 0, 1]);
  });
});

describe('an embedded runtime that is stopped', () => {
  it('answers what it has in hand after its commit, and refuses what comes then', async () => {
    const runtime = await createRuntime(parseRuntimeOptions(config, join(folder, 'config.mjs')));
    await runtime.start();
    const before = await stored();
    const body = bodyOf('embedded');
    const arriving = new TransformStream<Uint8Array, Uint8Array>();
    const send = (stream: string | ReadableStream<Uint8Array>) => {
      const { 'content-length': _, ...headers } = headersOf(body);
      const init = { method: 'POST', headers, body: stream, duplex: 'half' } as const;
      return runtime.fetch(new Request(`https://connectors.example.com${hook.path}`, init));
    };
    const inHand = send(arriving.readable);
    const [stopped, again] = [runtime.stop(), runtime.stop()];
    const late = await send(body);
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '5']);
    const writer = arriving.writable.getWriter();
    await writer.write(Buffer.from(body));
    await writer.close();
    expect((await inHand).status).toBe(200);
    await Promise.all([stopped, again]);
    expect((await stored()) - before).toBe(1);
  });
});
