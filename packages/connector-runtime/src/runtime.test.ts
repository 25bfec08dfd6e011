import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packArtifact } from '@org/connector-artifact';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../e2e/loopback-server.ts';
import { newSigner, signedProbe, trustBytes } from '../e2e/probe-connector/signed-probe.ts';
import { parseRuntimeOptions } from './config.ts';
import { createRuntime, type Runtime } from './runtime.ts';
import { createTestDatabase, type TestDatabase } from './store/test-database.ts';

const key = randomBytes(32).toString('base64url');
const by = 'service:test';
let folder: string;
let database: TestDatabase;
let saas: LoopbackServer;
let runtime: Runtime;
let place: { tenantId: string; workspaceId: string };
/** The SaaS answers after it. */
let held: Promise<void> = Promise.resolve();
const seen: { method: string; key: string | undefined }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runtime-'));
  const signer = newSigner();
  await writeFile(join(folder, 'trust.json'), trustBytes(signer));
  await writeFile(join(folder, 'probe.tgz'), packArtifact(await signedProbe(signer)));
  database = await createTestDatabase();
  saas = await serveLoopback((request, response) => {
    const { 'x-probe-key': given } = request.headers;
    seen.push({ method: request.method ?? '', key: typeof given === 'string' ? given : undefined });
    void held.then(() => response.end('{}'));
  });
  runtime = await createRuntime(
    parseRuntimeOptions(
      {
        port: 0,
        publicUrl: 'https://connectors.example.com',
        database: { url: database.store.url.reveal() },
        masterKey: randomBytes(32).toString('base64'),
        admin: { token: randomBytes(32).toString('base64url') },
        trust: './trust.json',
        workflows: [],
        artifacts: ['./probe.tgz'],
        egress: { allowPrivate: ['127.0.0.1'] },
        log: { level: 'silent' },
      },
      join(folder, 'config.mjs'),
    ),
  );
  await runtime.start();
  const { tenants, artifacts } = runtime.admin;
  const tenant = await tenants.createTenant({ name: 'acme', by });
  place = { tenantId: tenant.id, workspaceId: tenant.workspaceId };
  const [artifact] = (await artifacts.list()) as { digest: string }[];
  await tenants.enable(tenant.id, artifact?.digest ?? '', by);
  const config = { url: saas.url };
  await tenants.createConnection({
    ...place,
    name: 'probe',
    connector: 'probe',
    config,
    auth: 'key',
    secrets: { key },
    by,
  });
});

afterAll(async () => {
  await runtime?.stop();
  await saas?.close();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

const invoke = (action: string, input: unknown, more: object = {}) =>
  runtime.invoke({ ...place, action: `probe.${action}`, input, by, ...more });

describe('invoke', () => {
  it('does one action, with the credential that the connector never sees', async () => {
    const { runId, ...answer } = await invoke('fetch', { target: '/hello' });
    expect(answer).toEqual({ status: 'completed', output: { seen: '200 {}' } });
    expect(seen).toEqual([{ method: 'GET', key }]);
    const entries = await runtime.admin.audit.list(place.tenantId, { runId, limit: 20 });
    expect(entries.map(({ body }) => (JSON.parse(body) as { kind: string }).kind).reverse()).toEqual([
      'action.invoked',
      'run.started',
      'action.intended',
      'action.applied',
      'run.completed',
    ]);
  });

  it('with the same key is the same run, and one write', async () => {
    const before = seen.length;
    const [first, ...others] = await Promise.all(
      Array.from({ length: 10 }, () => invoke('write', { target: '/things' }, { key: 'order-7' })),
    );
    expect(first).toMatchObject({ status: 'completed', output: { seen: '200' } });
    for (const other of others) expect(other).toEqual(first);
    expect(seen.slice(before).map(({ method }) => method)).toEqual(['POST']);
  });

  it('26: with the key of a run that ended gives its stored result, and sends nothing', async () => {
    const first = await invoke('write', { target: '/things' }, { key: 'order-8' });
    const before = seen.length;
    expect(await invoke('write', { target: '/things' }, { key: 'order-8', by: 'service:other' })).toEqual(first);
    expect(seen).toHaveLength(before);
  });

  it('26: with the key of a run under way joins it, and writes once', async () => {
    const before = seen.length;
    let answerWrite = () => {};
    held = new Promise((resolve) => {
      answerWrite = resolve;
    });
    const writes = () => seen.slice(before).length;
    const first = invoke('write', { target: '/things' }, { key: 'order-9' });
    await vi.waitUntil(() => writes() === 1, { timeout: 20_000 });
    const second = await invoke('write', { target: '/things' }, { key: 'order-9', timeoutMs: 0 });
    expect(second.status).toBe('running');
    answerWrite();
    expect(await first).toMatchObject({ status: 'completed', runId: second.runId });
    expect(writes()).toBe(1);
  });

  it('26: with a key that was given for another input or action is refused, also at the same time, and does nothing', async () => {
    const { runId } = await invoke('write', { target: '/things' }, { key: 'order-10' });
    const before = seen.length;
    const mismatch = { code: 'IDEMPOTENCY_MISMATCH', details: { runId } };
    await expect(invoke('write', { target: '/others' }, { key: 'order-10' })).rejects.toMatchObject(mismatch);
    await expect(invoke('fetch', { target: '/things' }, { key: 'order-10' })).rejects.toMatchObject(mismatch);
    expect(seen).toHaveLength(before);
    const targets = ['/a', '/b'];
    const both = await Promise.allSettled(targets.map((target) => invoke('write', { target }, { key: 'order-11' })));
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(seen.slice(before)).toHaveLength(1);
  });

  it('is refused for another tenant’s workspace', async () => {
    const other = await runtime.admin.tenants.createTenant({ name: 'other', by });
    await expect(invoke('echo', {}, { tenantId: other.id })).rejects.toMatchObject({ code: 'CONNECTION_UNKNOWN' });
  });

  it('ends denied where policy says no', async () => {
    const text = '@id("no-probe") forbid (principal, action == Action::"probe.echo", resource);';
    await runtime.admin.tenants.setPolicy({ tenantId: place.tenantId, text, by });
    expect(await invoke('echo', {})).toMatchObject({ status: 'denied', error: { code: 'POLICY_DENIED' } });
  });
});

describe('connector code', () => {
  it.each([
    ['read-file', 'HOST_DENIED'],
    ['write-file', 'HOST_DENIED'],
    ['net-connect', 'HOST_DENIED'],
    ['unix-socket', 'HOST_DENIED'],
    ['global-fetch', 'HOST_DENIED'],
    ['child-process', 'HOST_DENIED'],
    ['worker', 'HOST_DENIED'],
  ])('that tries %s fails with %s', async (action, code) => {
    expect(await invoke(action, { target: saas.url })).toMatchObject({ status: 'failed', error: { code } });
  });

  it('that asks a host its manifest does not declare fails with EGRESS_HOST_NOT_ALLOWED', async () => {
    const before = seen.length;
    const elsewhere = saas.url.replace('127.0.0.1', 'localhost');
    for (const target of [`${elsewhere}/x`, 'https://example.com/', 'http://169.254.169.254/latest/meta-data/']) {
      expect(await invoke('fetch', { target })).toMatchObject({
        status: 'failed',
        error: { code: 'EGRESS_HOST_NOT_ALLOWED' },
      });
    }
    expect(seen).toHaveLength(before);
  });
});
