import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sign } from '@octokit/webhooks-methods';
import { createKeySigner, generateKeyPair, packArtifact, signArtifact } from '@org/connector-artifact';
import { createRuntime, parseRuntimeOptions, type Runtime, Secret } from '@org/connector-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readWebhookExamples, type WebhookExample } from '../src/test-webhook-examples.ts';

const by = 'service:test';
const secret = randomBytes(24).toString('hex');
const examples = readWebhookExamples();
const artifact = new URL('../artifact/', import.meta.url);
const triggers = ['issue-changed', 'pull-request-changed', 'ref-pushed'] as const;
let folder: string;
let runtime: Runtime;
let tenantId: string;
const endpoints = new Map<string, { endpointId: string; token: string }>();

/** The built artifact, signed by a key of this test, in a runtime with a Postgres of its own. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'github-webhooks-'));
  // As root, Postgres runs as another user, who must get through to its data.
  await chmod(folder, 0o711);
  const signer = createKeySigner(generateKeyPair().privateKeyPem);
  const names = ['manifest.json', 'connector.mjs'];
  const files = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, artifact))] as const)),
  );
  await writeFile(
    join(folder, 'github.tgz'),
    packArtifact(await signArtifact(files, signer, { signedAt: new Date('2026-06-01T00:00:00Z') })),
  );
  const { keyId, publicKeyPem: publicKey } = signer;
  const keys = [{ keyId, publicKey, validFrom: '2026-01-01T00:00:00Z' }];
  await writeFile(
    join(folder, 'trust.json'),
    JSON.stringify({ trustVersion: 1, publishers: { org: { keys, allow: ['github'] } } }),
  );
  const config = {
    port: 0,
    publicUrl: 'https://connectors.example.com',
    database: { dataDir: './data' },
    masterKey: randomBytes(32).toString('base64'),
    admin: { token: randomBytes(32).toString('base64url') },
    trust: './trust.json',
    workflows: [],
    artifacts: ['./github.tgz'],
    log: { level: 'silent' },
  };
  runtime = await createRuntime(parseRuntimeOptions(config, join(folder, 'config.mjs')));
  await runtime.start();
  const { tenants, artifacts } = runtime.admin;
  const tenant = await tenants.createTenant({ name: 'acme', by });
  tenantId = tenant.id;
  const [added] = z.array(z.object({ digest: z.string() })).parse(await artifacts.list());
  await tenants.enable(tenantId, added?.digest ?? '', by);
  const connection = await tenants.createConnection({
    tenantId,
    workspaceId: tenant.workspaceId,
    name: 'github',
    connector: 'github',
    config: { appId: 1, installationId: 2 },
    auth: 'app',
    secrets: { privateKey: 'not used: nothing is sent to GitHub' },
    by,
  });
  for (const name of triggers) {
    const purpose = { kind: 'trigger', name } as const;
    const made = await tenants.createEndpoint({
      tenantId,
      connectionId: connection.id,
      purpose,
      secret: new Secret(secret),
      by,
    });
    endpoints.set(name, { endpointId: made.endpointId, token: made.token.reveal() });
  }
});
afterAll(async () => {
  await runtime?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function post(token: string, { event, payload }: WebhookExample, id: string = randomUUID()): Promise<number> {
  const body = JSON.stringify(payload);
  const headers = {
    'content-type': 'application/json',
    'x-github-event': event,
    'x-github-delivery': id,
    'x-hub-signature-256': await sign(secret, body),
  };
  const response = await runtime.fetch(
    new Request(`https://connectors.example.com/hooks/${token}`, { method: 'POST', headers, body }),
  );
  return response.status;
}

/** Sixteen at once. */
async function postAll(token: string): Promise<number[]> {
  const statuses: number[] = [];
  for (let at = 0; at < examples.length; at += 16) {
    statuses.push(...(await Promise.all(examples.slice(at, at + 16).map((example) => post(token, example)))));
  }
  return statuses;
}

const entry = z.object({
  kind: z.string(),
  subject: z.string(),
  details: z.object({ events: z.array(z.string()).optional() }),
});

async function acceptedAt(endpointId: string) {
  const entries = await runtime.admin.audit.list(tenantId, { limit: 10_000 });
  return entries
    .map(({ body }) => entry.parse(JSON.parse(body)))
    .filter(({ kind, subject }) => kind === 'webhook.accepted' && subject === `endpoint:${endpointId}`);
}

const deliveries = (status: 'pending' | 'done' | 'dead') =>
  runtime.admin.deliveries.list(tenantId, { status, limit: 10_000 });
/** GitHub signs neither time nor id: a body that comes again is the same delivery, whatever its id says. */
const distinct = new Set(
  examples.filter(({ event }) => event !== 'ping').map(({ payload }) => JSON.stringify(payload)),
);

describe('every payload of @octokit/webhooks-examples, at the endpoint of every trigger', () => {
  it('is accepted, and read by the connector without a failure; pitfall 7: a body under a new id is no new delivery', async () => {
    expect([examples.length, distinct.size]).toEqual([726, 399]);
    for (const name of triggers) {
      const statuses = await postAll(endpoints.get(name)?.token ?? '');
      expect(statuses).toHaveLength(726);
      expect(new Set(statuses)).toEqual(new Set([200]));
    }
    await expect.poll(async () => (await deliveries('pending')).length, { timeout: 100_000, interval: 200 }).toBe(0);
    expect(await deliveries('dead')).toEqual([]);
    expect(await deliveries('done')).toHaveLength(3 * 399);
  });

  it.each([
    ['issue-changed', 13],
    ['pull-request-changed', 16],
    ['ref-pushed', 5],
  ])('is an event of %s or is recorded as none', async (name, events) => {
    const accepted = await acceptedAt(endpoints.get(name)?.endpointId ?? '');
    expect(accepted).toHaveLength(399);
    const found = accepted.flatMap(({ details }) => details.events ?? []);
    expect(new Set(found).size).toBe(events);
    expect(found).toHaveLength(events);
    expect(accepted.filter(({ details }) => details.events?.length === 0)).toHaveLength(399 - events);
  });

  it('is refused when its signature is not of this body', async () => {
    const [first, second] = examples;
    const signature = await sign(secret, JSON.stringify(second?.payload));
    const headers = { 'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': randomUUID() };
    const response = await runtime.fetch(
      new Request(`https://connectors.example.com/hooks/${endpoints.get('ref-pushed')?.token}`, {
        method: 'POST',
        headers: { ...headers, 'x-hub-signature-256': signature },
        body: JSON.stringify(first?.payload),
      }),
    );
    expect(response.status).toBe(401);
  });
});
