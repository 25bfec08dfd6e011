import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { serveTokens, type TokenServer } from '../../e2e/token-server.ts';
import { createOAuthBench, type OAuthBench, oauthManifest } from '../test-oauth-bench.ts';
import { literalSecrets } from './test-literal-secrets.ts';

let bench: OAuthBench;
let tokens: TokenServer;
let count = 0;

beforeAll(async () => {
  bench = await createOAuthBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  tokens = await serveTokens();
});
afterEach(() => tokens.close());

const client = { clientId: 'client-1', clientSecret: 'client-secret-canary' };

/** A connection whose access token is over unless `expiresInMs` says otherwise. */
async function connected(more: { expiresInMs?: number } = {}) {
  count += 1;
  const tenant = await bench.seed(`renewals ${count}`, oauthManifest());
  const { id } = await tenant.connect(tokens.url, {
    ...client,
    accessToken: 'first-access-canary',
    refreshToken: tokens.refreshToken,
    expiresAt: new Date(bench.time.now + (more.expiresInMs ?? -1)).toISOString(),
  });
  return { id, tenantId: tenant.tenantId };
}

const nodes = (n: number) => Array.from({ length: n }, () => bench.newNode().credentials);
const show = ({ id, tenantId }: { id: string; tenantId: string }) => bench.tenants.showConnection(tenantId, id);
const settled = (all: PromiseSettledResult<unknown>[]) =>
  new Set(all.map((one) => (one.status === 'fulfilled' ? 'fulfilled' : (one.reason as { code?: string }).code)));

describe('a renewal', () => {
  it('is one request for 50 callers on each of 4 nodes, however long the provider takes (pitfall 28)', async () => {
    const key = await connected();
    const held = tokens.hold();
    const all = nodes(4).flatMap((node) => Array.from({ length: 50 }, () => node.authorize(key)));
    await held.arrived;
    held.release();
    const generations = new Set((await Promise.all(all)).map(({ generation }) => generation));
    expect(generations).toEqual(new Set([2]));
    expect(tokens.requests).toHaveLength(1);
  });

  it('that fails is one failure for everybody who waited, and the next call tries again', async () => {
    const key = await connected();
    tokens.behave('broken');
    const held = tokens.hold();
    // One caller a node: of two, the second could come when the first has its answer already.
    const all = nodes(4).map((node) => node.authorize(key));
    await held.arrived;
    // The others have read the row and wait for it.
    await bench.whenWaiting(3);
    held.release();
    expect(settled(await Promise.allSettled(all))).toEqual(new Set(['EGRESS_FAILED']));
    expect(tokens.requests).toHaveLength(1);
    expect(await show(key)).toMatchObject({
      status: 'ready',
      health: { state: 'degraded', reason: 'renewal_failing: EGRESS_FAILED' },
    });
    tokens.behave('works');
    await expect(bench.credentials.authorize(key)).resolves.toMatchObject({ generation: 2 });
    expect(await show(key)).toMatchObject({ health: { state: 'ready' } });
  });

  it('that goes on failing is tried less and less often', async () => {
    const key = await connected();
    tokens.behave('invalid-client');
    const attempt = () => bench.credentials.authorize(key).catch(() => undefined);
    for (let tries = 0; tries < 20; tries += 1) await attempt();
    expect(tokens.requests).toHaveLength(2);
    bench.time.now += 60_000;
    await attempt();
    expect(tokens.requests).toHaveLength(3);
  });

  it('of an ended grant is one request too, and reauth_required for everybody', async () => {
    const key = await connected();
    tokens.behave('invalid-grant');
    const held = tokens.hold();
    const all = nodes(4).flatMap((node) => [node.authorize(key), node.authorize(key)]);
    await held.arrived;
    await bench.whenWaiting(3);
    held.release();
    expect(settled(await Promise.allSettled(all))).toEqual(new Set(['CONNECTION_REAUTH_REQUIRED']));
    expect(tokens.requests).toHaveLength(1);
    expect(await show(key)).toMatchObject({
      status: 'reauth_required',
      statusReason: 'the provider answered invalid_grant',
      health: { state: 'reauth_required', nextStep: expect.stringContaining('authorize') },
      credential: { generation: 1 },
    });
    const listed = await bench.tenants.listAllConnections({ status: 'reauth_required', limit: 500 });
    expect(listed.map(({ id }) => id)).toContain(key.id);
  });

  it('whose answer comes late, with invalid_grant, does not end what was stored meanwhile (pitfall 30)', async () => {
    const key = await connected();
    tokens.behave('invalid-grant');
    const held = tokens.hold();
    const loser = bench.newNode().credentials.authorize(key);
    await held.arrived;
    const secrets = {
      ...client,
      accessToken: 'winner-canary',
      expiresAt: new Date(bench.time.now + 3_600_000).toISOString(),
    };
    const by = bench.by;
    const winner = bench.tenants.replaceCredential({ tenantId: key.tenantId, connectionId: key.id, secrets, by });
    await bench.whenWaiting(1);
    held.release();
    await expect(loser).rejects.toMatchObject({ code: 'CONNECTION_REAUTH_REQUIRED' });
    await winner;
    expect(await show(key)).toMatchObject({ status: 'ready', credential: { generation: 2 } });
    const { headers } = await bench.newNode().credentials.authorize(key);
    expect(headers.authorization).toBe('Bearer winner-canary');
  });

  it('whose database went away after the provider rotated is saved after all', async () => {
    const key = await connected();
    const held = tokens.hold();
    const renewal = bench.newNode().credentials.authorize(key);
    await held.arrived;
    await bench.cutTransactions();
    held.release();
    await expect(renewal).resolves.toMatchObject({ generation: 2 });
    expect(tokens.requests).toHaveLength(1);
    expect(await show(key)).toMatchObject({ status: 'ready', credential: { generation: 2 } });
  });

  it('that lost its row before it asked does not ask', async () => {
    const key = await connected();
    const node = bench.newNode({
      // The last thing before the request.
      async resolveSecrets(tenantId, values) {
        await bench.cutTransactions();
        return literalSecrets.resolveSecrets(tenantId, values);
      },
    });
    await expect(node.credentials.authorize(key)).rejects.toThrow();
    expect(tokens.requests).toHaveLength(0);
    await expect(bench.newNode().credentials.authorize(key)).resolves.toMatchObject({ generation: 2 });
  });

  it('that crashed after the provider rotated ends in reauth_required, not in a loop (pitfall 32)', async () => {
    const key = await connected();
    tokens.behave('loses-answer');
    await expect(bench.newNode().credentials.authorize(key)).rejects.toMatchObject({ code: 'EGRESS_FAILED' });
    tokens.behave('works');
    const restarted = bench.newNode().credentials;
    for (let tries = 0; tries < 5; tries += 1) {
      await expect(restarted.authorize(key)).rejects.toMatchObject({ code: 'CONNECTION_REAUTH_REQUIRED' });
    }
    expect(tokens.requests).toHaveLength(2);
    await expect(restarted.refreshAfter401(key, 1)).resolves.toBe(false);
    expect(tokens.requests).toHaveLength(2);
  });

  it('from a restored backup ends in reauth_required, not in a loop', async () => {
    const key = await connected();
    const backup = await bench.db
      .selectFrom('connector.credentials')
      .selectAll()
      .where('connection_id', '=', key.id)
      .executeTakeFirstOrThrow();
    await bench.newNode().credentials.authorize(key);
    await sql`update connector.credentials set generation = ${backup.generation}, sealed = ${backup.sealed},
      expires_at = ${backup.expires_at}, renew_at = ${backup.renew_at} where connection_id = ${key.id}`.execute(
      bench.db,
    );
    const restored = nodes(2);
    for (let tries = 0; tries < 4; tries += 1) {
      await expect(restored[tries % 2]?.authorize(key)).rejects.toMatchObject({ code: 'CONNECTION_REAUTH_REQUIRED' });
    }
    expect(tokens.requests).toHaveLength(2);
    expect(
      (await bench.audited(key.tenantId)).filter(({ kind }) => kind === 'connection.reauth_required'),
    ).toHaveLength(1);
  });
});

describe('an early renewal', () => {
  it('makes nobody wait: the old token is used until the new one is there', async () => {
    const key = await connected({ expiresInMs: 75_000 });
    const node = bench.newNode().credentials;
    const held = tokens.hold();
    await expect(node.authorize(key)).resolves.toMatchObject({ generation: 1 });
    await held.arrived;
    await expect(node.authorize(key)).resolves.toMatchObject({ generation: 1 });
    held.release();
    await vi.waitFor(async () => expect(await show(key)).toMatchObject({ credential: { generation: 2 } }), 20_000);
    bench.time.now += 5_001;
    await expect(node.authorize(key)).resolves.toMatchObject({ generation: 2 });
    expect(tokens.requests).toHaveLength(1);
  });

  it('happens in the background for a connection that nobody uses, once for all nodes', async () => {
    const key = await connected({ expiresInMs: 3_600_000 });
    const all = nodes(3);
    await Promise.all(all.map((node) => node.renewDue()));
    expect(tokens.requests).toHaveLength(0);
    bench.time.now += 3_600_000 - 61_000;
    await Promise.all(all.map((node) => node.renewDue()));
    expect(tokens.requests).toHaveLength(1);
    expect(await show(key)).toMatchObject({ credential: { generation: 2, renewable: true } });
  });

  it('leaves a disabled connection alone', async () => {
    const key = await connected({ expiresInMs: 3_600_000 });
    await bench.tenants.disableConnection({ tenantId: key.tenantId, connectionId: key.id, by: bench.by });
    bench.time.now += 3_600_000;
    await bench.newNode().credentials.renewDue();
    expect(tokens.requests).toHaveLength(0);
  });
});

describe('what an answer leaves out', () => {
  it('is shown: no expiry, no refresh token (pitfall 33)', async () => {
    const forever = await connected();
    tokens.behave('no-expiry');
    await bench.newNode().credentials.authorize(forever);
    expect(await show(forever)).toMatchObject({ credential: { expiresAt: null, renewable: true } });
    count += 1;
    const tenant = await bench.seed(`renewals ${count}`, oauthManifest());
    const expiresAt = new Date(bench.time.now + 3_600_000).toISOString();
    const { id } = await tenant.connect(tokens.url, { accessToken: 'x-canary', expiresAt });
    expect(await show({ id, tenantId: tenant.tenantId })).toMatchObject({
      credential: { expiresAt, renewable: false },
      health: { state: 'degraded', reason: 'no_refresh_token', nextStep: expect.stringContaining(expiresAt) },
    });
  });

  it('never erases the refresh token (pitfall 29)', async () => {
    const key = await connected();
    tokens.behave('omits-refresh-token');
    await bench.newNode().credentials.authorize(key);
    bench.time.now += 1_800_000;
    await expect(bench.newNode().credentials.authorize(key)).resolves.toMatchObject({ generation: 3 });
  });
});

describe('a rotation of the registration', () => {
  const replace = async (key: { id: string; tenantId: string }, secrets: Record<string, string>) => {
    await bench.tenants.replaceCredential({ tenantId: key.tenantId, connectionId: key.id, secrets, by: bench.by });
    return show(key);
  };

  it('keeps what a person agreed to, under the same client', async () => {
    const key = await connected();
    await bench.newNode().credentials.authorize(key);
    expect(await replace(key, { ...client, clientSecret: 'rotated-canary' })).toMatchObject({
      status: 'ready',
      credential: { generation: 3 },
    });
    bench.time.now += 1_800_000;
    await expect(bench.newNode().credentials.authorize(key)).resolves.toMatchObject({ generation: 4 });
    expect(new URLSearchParams(tokens.requests.at(-1)?.body).get('client_secret')).toBe('rotated-canary');
  });

  it('gives it up with the client', async () => {
    const key = await connected();
    await bench.newNode().credentials.authorize(key);
    const changed = await replace(key, { ...client, clientId: 'another' });
    expect(changed).toMatchObject({ status: 'reauth_required', statusReason: 'not_authorized' });
  });

  it('waits for a renewal in flight, and is not overwritten by it', async () => {
    const key = await connected();
    const held = tokens.hold();
    const renewal = bench.newNode().credentials.authorize(key);
    await held.arrived;
    const rotation = replace(key, { ...client, clientSecret: 'rotated-canary' });
    await bench.whenWaiting(1);
    held.release();
    await renewal;
    expect(await rotation).toMatchObject({ status: 'ready', credential: { generation: 3 } });
    bench.time.now += 1_800_000;
    await bench.newNode().credentials.authorize(key);
    expect(new URLSearchParams(tokens.requests.at(-1)?.body).get('client_secret')).toBe('rotated-canary');
  });
});
