import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serveLoopback } from '../../e2e/loopback-server.ts';
import { serveTokens, type TokenServer } from '../../e2e/token-server.ts';
import { createOAuthBench, type OAuthBench, oauthManifest } from '../test-oauth-bench.ts';

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

async function connected(expiresInMs = -1) {
  count += 1;
  const tenant = await bench.seed(`races ${count}`, oauthManifest());
  const { id } = await tenant.connect(tokens.url, {
    ...client,
    accessToken: `access-canary-${count}`,
    refreshToken: tokens.refreshToken,
    expiresAt: new Date(bench.time.now + expiresInMs).toISOString(),
  });
  return { key: { id, tenantId: tenant.tenantId }, at: { tenantId: tenant.tenantId, connectionId: id, by: bench.by } };
}

async function credentialsOf(id: string): Promise<number> {
  const rows = await bench.db
    .selectFrom('connector.credentials')
    .select('generation')
    .where('connection_id', '=', id)
    .execute();
  return rows.length;
}

describe('a connection that is deleted', () => {
  it('while its grant is found to be over goes, without a deadlock', async () => {
    const { key, at } = await connected();
    tokens.behave('invalid-grant');
    const held = tokens.hold();
    const renewal = bench.newNode().credentials.authorize(key);
    await held.arrived;
    const deletion = bench.tenants.deleteConnection({ ...at, force: true });
    await bench.whenWaiting(1);
    held.release();
    const [renewed, deleted] = await Promise.allSettled([renewal, deletion]);
    expect(deleted).toMatchObject({ status: 'fulfilled' });
    expect(renewed).toMatchObject({ status: 'rejected', reason: { code: 'CONNECTION_REAUTH_REQUIRED' } });
    expect(await credentialsOf(key.id)).toBe(0);
  });

  it('gets no credential back from a renewal whose transaction was lost', async () => {
    const { key, at } = await connected();
    const held = tokens.hold();
    const renewal = bench.newNode().credentials.authorize(key);
    await held.arrived;
    await bench.cutTransactions();
    await bench.tenants.deleteConnection({ ...at, force: true });
    held.release();
    await expect(renewal).rejects.toThrow();
    expect(await credentialsOf(key.id)).toBe(0);
  });

  it('gets none from an administrator who was about to give it one', async () => {
    const { key, at } = await connected();
    await bench.tenants.deleteConnection({ ...at, force: true });
    const late = bench.credentials.store({ ...key, connector: oauthManifest().id }, 'oauth', client);
    await expect(late).rejects.toMatchObject({ code: 'CONNECTION_UNKNOWN' });
    expect(await credentialsOf(key.id)).toBe(0);
  });
});

it('what was opened for one tenant is given to no other that names it', async () => {
  const { key } = await connected(3_600_000);
  const stranger = await bench.seed(`stranger ${count}`, oauthManifest());
  await bench.credentials.authorize(key);
  await expect(bench.credentials.authorize({ ...key, tenantId: stranger.tenantId })).rejects.toMatchObject({
    code: 'CONNECTION_UNKNOWN',
  });
});

describe('a renewal whose answer covers less', () => {
  const answering = (scope: () => string | undefined) =>
    serveLoopback((_, response) => {
      const answer = { access_token: 'renewed-canary', token_type: 'Bearer', expires_in: 1800, scope: scope() };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  const given = () => ({
    accessToken: 'a-canary',
    refreshToken: 'r-canary',
    expiresAt: new Date(bench.time.now - 1).toISOString(),
  });

  it.each([
    ['refresh_token', 'authorization_code', given],
    ['client_credentials', 'client_credentials', () => ({})],
  ] as const)('by %s says what it cannot be used for, and takes it back', async (_, grant, more) => {
    let scope: string | undefined = 'data:read';
    const server = await answering(() => scope);
    const manifest = oauthManifest({ grants: [grant, 'refresh_token'] });
    const { tenantId, connect } = await bench.seed(`scopes by ${grant}`, manifest);
    const { id } = await connect(server.url, { ...client, ...more() });
    const key = { id, tenantId };
    const { generation } = await bench.credentials.authorize(key);
    expect(await bench.tenants.showConnection(tenantId, id)).toMatchObject({
      status: 'ready',
      grantedScopes: ['data:read'],
      health: { state: 'degraded', reason: 'scopes_missing', unusable: ['change'] },
    });
    scope = 'data:read data:write';
    await bench.credentials.refreshAfter401(key, generation);
    expect(await bench.tenants.showConnection(tenantId, id)).toMatchObject({ health: { unusable: [] } });
    await server.close();
  });
});
