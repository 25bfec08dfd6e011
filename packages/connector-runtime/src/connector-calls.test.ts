import { randomBytes, randomUUID } from 'node:crypto';
import { packArtifact, type Signer, type TrustPolicy } from '@org/connector-artifact';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type LoopbackServer, serveLoopback } from '../e2e/loopback-server.ts';
import { newSigner, signedProbe, trusting } from '../e2e/probe-connector/signed-probe.ts';
import { serveTokens, type TokenServer } from '../e2e/token-server.ts';
import { type ArtifactRegistry, createArtifactRegistry } from './artifacts/index.ts';
import { createAuditTrail } from './audit/index.ts';
import { createCallAuth } from './call-auth.ts';
import { createConnectorCalls } from './connector-calls.ts';
import { createCredentials, createTokenHttp } from './credentials/index.ts';
import { literalSecrets } from './credentials/test-literal-secrets.ts';
import { createBroker, resolveAllowedHosts, resolveTemplate } from './egress/index.ts';
import { createHostPool, type HostPool } from './hosts/index.ts';
import { createLimits, createPostgresRateLedger } from './limits/index.ts';
import { createTestDatabase, type TestDatabase } from './store/test-database.ts';
import { systemClock as clock } from './types/clock.ts';
import type { ConnectorCalls } from './types/connector-calls.ts';
import type { PendingDelivery } from './types/delivery.ts';
import { RuntimeError } from './types/errors.ts';
import type { Log } from './types/log.ts';
import type { Attempt } from './types/run.ts';
import { Secret } from './types/secret.ts';
import { createVault } from './vault/index.ts';

let database: TestDatabase;
let artifacts: ArtifactRegistry;
let digest: string;
let hosts: HostPool;
let calls: ConnectorCalls;
let credentials: ReturnType<typeof createCredentials>;
let server: LoopbackServer;
let policy: TrustPolicy;
let answer: Answer;
const signer: Signer = newSigner();
const tenantId = randomUUID();
const closers: (() => Promise<void>)[] = [];
const logged: string[] = [];
const log = recordingLog();

beforeAll(async () => {
  policy = trusting(signer);
  database = await createTestDatabase();
  const audit = createAuditTrail({ db: database.db, clock });
  artifacts = createArtifactRegistry({ db: database.db, audit, trust: () => policy, clock, log });
  ({ digest } = await artifacts.add(packArtifact(await signedProbe(signer))));
  hosts = createHostPool({ log, limits: { graceMs: 100 } });
  const broker = createBroker({ clock, log, allowedPrivate: ['127.0.0.1'] });
  const connections = {
    async connection(tenant: string, id: string) {
      const row = await database.db
        .selectFrom('connector.connections')
        .selectAll()
        .where('tenant_id', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      if (!row) throw new RuntimeError('CONNECTION_UNKNOWN', 'no such connection');
      return { ...row, tenantId: row.tenant_id };
    },
    enabled: async () => ({ digest, manifest: (await artifacts.open(digest)).manifest }),
  };
  credentials = createCredentials({
    db: database.db,
    vault: createVault({ db: database.db, masterKey: new Secret(randomBytes(32).toString('base64')) }),
    connections,
    tokenHttp: createTokenHttp(broker, { resolveTemplate, resolveAllowedHosts }),
    callAuth: createCallAuth({ artifacts, hosts, broker, clock, log }),
    ...{ clock, audit, log, ...literalSecrets },
    scrubber: { register: () => {}, unregister: () => {} },
  });
  const ledger = createPostgresRateLedger({ db: database.db, nodeId: tenantId });
  const limits = createLimits({ ledger, nodeId: tenantId, clock, log });
  calls = createConnectorCalls({ artifacts, hosts, broker, credentials, connections, limits, clock, log });
  await database.db.insertInto('connector.tenants').values({ id: tenantId, name: 'acme' }).execute();
  await database.db
    .insertInto('connector.workspaces')
    .values({ id: tenantId, tenant_id: tenantId, name: 'default' })
    .execute();
  for (const part of [hosts, broker, limits]) closers.push(() => part.stop());
  closers.push(() => database.close());
});
afterAll(async () => {
  // Whatever was logged by all of the above, at every level.
  expect(logged.length).toBeGreaterThan(0);
  expect(logged.filter((line) => line.includes('canary'))).toEqual([]);
  for (const close of closers) await close();
});
beforeEach(async () => {
  policy = trusting(signer);
  answer = (_, response) => void response.writeHead(201).end('{}');
  server = await serveLoopback((request, response) => answer(request, response));
});
afterEach(() => server.close());

async function connect(
  auth = 'key',
  secrets: Record<string, string> = { key: 'key-canary-1' },
  url = server.url,
): Promise<string> {
  const id = randomUUID();
  await database.db
    .insertInto('connector.connections')
    .values({
      id,
      tenant_id: tenantId,
      workspace_id: tenantId,
      name: id,
      connector: 'probe',
      config: JSON.stringify({ url }),
      auth,
    })
    .execute();
  await credentials.store({ id, tenantId, connector: 'probe' }, auth, secrets);
  return id;
}

async function attemptOf(
  action: string,
  input: unknown,
  connectionId?: string,
  change: Partial<Attempt['planned']> = {},
): Promise<Attempt> {
  const { manifest } = await artifacts.open(digest);
  const declared = manifest.actions[action];
  if (!declared) throw new Error(`the probe has no ${action}`);
  return {
    planned: {
      tenantId,
      workspaceId: tenantId,
      runId: randomUUID(),
      workflow: 'test',
      action: `probe.${action}`,
      connector: 'probe',
      connectionId: connectionId ?? (await connect()),
      connectionName: 'main',
      artifactDigest: digest,
      manifest: declared,
      input,
      digest: 'sha256:0',
      ...change,
    },
    stepKey: `probe.${action}#1`,
    idempotencyKey: 'k'.repeat(26),
    attempt: 1,
    notAfter: clock.now() + 60_000,
  };
}

const run = async (...args: Parameters<typeof attemptOf>) =>
  calls.run(await attemptOf(...args), new AbortController().signal);
const write = (path: string, afterwards = 'answer') => run('write', { target: path, afterwards });

describe('an attempt', () => {
  it('runs with brokered http, the credential added outside, and a trace without query', async () => {
    answer = (_, response) => void response.end('pong');
    const outcome = await run('fetch', { target: '/ping?x=1' });
    expect(outcome).toEqual({
      status: 'applied',
      output: { seen: '200 pong' },
      http: [{ method: 'GET', host: server.host, path: '/ping', status: 200, durationMs: expect.any(Number) }],
    });
    expect(server.requests[0]?.headers['x-probe-key']).toBe('key-canary-1');
  });

  it.each(['read-file', 'net-connect', 'unix-socket', 'child-process', 'kill-parent'])(
    'is contained: %s',
    async (name) => {
      await expect(run(name, {})).resolves.toMatchObject({
        status: 'not-applied',
        retryable: false,
        error: { code: 'HOST_DENIED' },
      });
    },
  );

  it('reaches no host that its manifest does not declare', async () => {
    await expect(run('undeclared-host', {})).resolves.toMatchObject({
      status: 'not-applied',
      error: { code: 'EGRESS_HOST_NOT_ALLOWED' },
    });
  });

  it("refuses an input that the connector's schema does not take, before anything leaves", async () => {
    await expect(run('write', { nope: 1 })).resolves.toMatchObject({
      status: 'not-applied',
      retryable: false,
      error: { code: 'ACTION_INPUT_INVALID' },
    });
    expect(server.requests).toEqual([]);
  });

  it('is refused when another release was planned than the one enabled', async () => {
    await expect(run('echo', {}, undefined, { artifactDigest: 'sha256:other' })).resolves.toMatchObject({
      error: { code: 'CONNECTOR_NOT_ENABLED' },
    });
  });

  it('is refused as soon as the trust policy revokes the key, although the code runs already', async () => {
    const connection = await connect();
    const attempt = await attemptOf('echo', {}, connection);
    await expect(calls.run(attempt, new AbortController().signal)).resolves.toMatchObject({ status: 'applied' });
    policy = trusting(signer, { key: { revoked: { at: '2026-11-01T00:00:00Z', reason: 'stolen' } } });
    await expect(calls.run(attempt, new AbortController().signal)).resolves.toMatchObject({
      status: 'not-applied',
      error: { code: 'ARTIFACT_KEY_REVOKED' },
    });
  });

  it('of a read is never unknown: it may just run again', async () => {
    await expect(run('infinite-loop', {})).resolves.toMatchObject({
      status: 'not-applied',
      retryable: true,
      error: { code: 'HOST_TIMEOUT' },
    });
    await expect(run('echo', { target: 'next' })).resolves.toMatchObject({ status: 'applied' });
  });

  it('that a lost database kept from leaving is tried again, and no person is asked', async () => {
    const attempt = await attemptOf('write', { target: '/w' }, 'not-a-uuid');
    await expect(calls.run(attempt, new AbortController().signal)).resolves.toMatchObject({
      status: 'not-applied',
      retryable: true,
    });
  });

  it('is not sent by a node that was paused for too long after its intent (pitfall 27)', async () => {
    const before = server.requests.length;
    const attempt = { ...(await attemptOf('write', { target: '/w' })), notAfter: clock.now() };
    await expect(calls.run(attempt, new AbortController().signal)).resolves.toMatchObject({
      status: 'not-applied',
      retryable: true,
      error: { code: 'EGRESS_TIMEOUT' },
    });
    expect(server.requests.slice(before).filter(({ method }) => method === 'POST')).toEqual([]);
  });
});

describe('a write', () => {
  it('that was answered is applied', async () => {
    await expect(write('/w')).resolves.toMatchObject({ status: 'applied', output: { seen: '201' } });
  });

  it.each([400, 401, 403, 409, 422])('that was refused with %s is not applied', async (status) => {
    answer = (_, response) => void response.writeHead(status).end();
    await expect(write('/w')).resolves.toMatchObject({ status: 'not-applied' });
    expect(server.requests).toHaveLength(1);
  });

  it('that was told to wait says how long', async () => {
    answer = (_, response) => void response.writeHead(429, { 'retry-after': '30' }).end();
    await expect(write('/w')).resolves.toMatchObject({ status: 'not-applied', retryAfterMs: 30_000 });
  });

  it.each([500, 502, 503])('that was answered with %s is unknown', async (status) => {
    answer = (_, response) => void response.writeHead(status).end();
    await expect(write('/w')).resolves.toMatchObject({ status: 'unknown' });
    expect(server.requests).toHaveLength(1);
  });

  it('whose reply was lost is unknown', async () => {
    answer = ({ socket }) => void socket.destroy();
    await expect(write('/w')).resolves.toMatchObject({ status: 'unknown', error: { code: 'EGRESS_FAILED' } });
  });

  it.each([
    ['throw', 'ACTION_FAILED'],
    ['crash', 'HOST_CRASHED'],
    ['hang', 'HOST_TIMEOUT'],
    ['garbage', 'ACTION_OUTPUT_INVALID'],
  ])('that was applied and then went wrong (%s) is unknown, not resent', async (afterwards, code) => {
    await expect(write('/w', afterwards)).resolves.toMatchObject({ status: 'unknown', error: { code } });
    expect(server.requests).toHaveLength(1);
  });

  it('cut off while its request is on the way is unknown', async () => {
    const controller = new AbortController();
    answer = () => controller.abort();
    const attempt = await attemptOf('write', { target: '/w' });
    await expect(calls.run(attempt, controller.signal)).resolves.toMatchObject({ status: 'unknown' });
  });

  it('that never got a connection is not applied, and may be tried again', async () => {
    const connection = await connect('key', { key: 'key-canary-1' }, 'http://127.0.0.1:1');
    await expect(run('write', { target: '/w' }, connection)).resolves.toMatchObject({
      status: 'not-applied',
      retryable: true,
    });
  });

  it('is resolved by the connector', async () => {
    const attempt = await attemptOf('write', { target: '/w' });
    answer = (_, response) => void response.end('found');
    await expect(calls.resolve(attempt, new AbortController().signal)).resolves.toEqual({
      outcome: 'applied',
      output: { seen: 'found' },
    });
    answer = (_, response) => void response.writeHead(404).end();
    await expect(calls.resolve(attempt, new AbortController().signal)).resolves.toEqual({ outcome: 'not-applied' });
    answer = ({ socket }) => void socket.destroy();
    await expect(calls.resolve(attempt, new AbortController().signal)).resolves.toMatchObject({ outcome: 'unknown' });
  });
});

describe('credentials in calls', () => {
  it('a custom session is made by isolated code and used for the calls', async () => {
    answer = ({ path, body, headers }, response) => {
      if (path === '/session')
        response.end(JSON.stringify({ token: `for-${(JSON.parse(body) as { seed: string }).seed}` }));
      else
        response.end(JSON.stringify({ name: headers.authorization === 'Bearer for-seed-canary' ? 'ann' : 'nobody' }));
    };
    const connection = await connect('custom', { seed: 'seed-canary' });
    await expect(calls.testConnection(tenantId, connection)).resolves.toEqual({ account: 'hello ann' });
  });

  it('are not in what custom auth says, though its code quotes them', async () => {
    const connection = await connect('custom', { seed: 'leak-canary' });
    const error: unknown = await calls.testConnection(tenantId, connection).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ACTION_FAILED', message: 'the seed [secret] is refused' });
    const { error: shown } = (await run('fetch', { target: '/x' }, connection)) as { error?: { message: string } };
    expect(shown?.message).toBe('the seed [secret] is refused');
  });

  it('a token that was refused is renewed once and the write sent again', async () => {
    const tokens: TokenServer = await serveTokens();
    const forward: Answer = ({ path, headers, body }, response) => {
      if (path !== '/token') return void response.writeHead(tokens.accepts(headers.authorization) ? 201 : 401).end();
      void fetch(`${tokens.url}/token`, { method: 'POST', body }).then(async (from) => {
        response.writeHead(from.status, { 'content-type': 'application/json' }).end(await from.text());
      });
    };
    answer = forward;
    const connection = await connect('oauth', {
      clientId: 'c',
      clientSecret: 's-canary',
      accessToken: 'old-canary',
      refreshToken: tokens.refreshToken,
    });
    await expect(run('write', { target: '/w' }, connection)).resolves.toMatchObject({ status: 'applied' });
    expect(server.requests.map(({ path }) => path)).toEqual(['/w', '/token', '/w']);
    await tokens.close();
  });

  it('a missing credential stops the write before it leaves', async () => {
    const connection = await connect();
    await database.db
      .updateTable('connector.connections')
      .set({ auth: 'basic' })
      .where('id', '=', connection)
      .execute();
    await expect(run('write', { target: '/w' }, connection)).resolves.toMatchObject({
      status: 'not-applied',
      error: { code: 'CREDENTIAL_MISSING' },
    });
    expect(server.requests).toEqual([]);
  });
});

describe('deliveries', () => {
  const delivery = (body: string, name = 'happened'): PendingDelivery => ({
    id: randomUUID(),
    tenantId,
    workspaceId: tenantId,
    endpointId: randomUUID(),
    connectionId: randomUUID(),
    connector: 'probe',
    purpose: { kind: 'trigger', name },
    deliveryKey: 'd-1',
    contentType: 'application/json',
    headers: {},
    body: Buffer.from(body),
    receivedAt: clock.now(),
    claims: 1,
    tries: 1,
  });

  it('become events with their keys and defaults', async () => {
    await expect(calls.parseDelivery(delivery('{"events":[{"id":"e1"},{"id":"e2","note":"n"}]}'))).resolves.toEqual([
      { eventKey: 'e1', data: { id: 'e1', note: 'none' } },
      { eventKey: 'e2', data: { id: 'e2', note: 'n' } },
    ]);
  });

  it.each([
    ['no JSON', 'not json', 'happened'],
    ['another shape', '{"events":1}', 'happened'],
    ['an event that does not fit', '{"events":[{"id":1}]}', 'happened'],
    ['an empty event key', '{"events":[{"id":""}]}', 'happened'],
    ['another trigger', '{"events":[]}', 'other'],
  ])('that cannot be read say so: %s', async (_, body, name) => {
    await expect(calls.parseDelivery(delivery(body, name))).rejects.toMatchObject({ code: 'DELIVERY_UNPARSABLE' });
  });
});

function recordingLog(): Log {
  const record = (message: string, fields?: unknown) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  return { debug: record, info: record, warn: record, error: record, child: () => recordingLog() };
}
