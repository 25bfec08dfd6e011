import { randomBytes, randomUUID } from 'node:crypto';
import type { Authentication, Manifest } from '@org/connector-sdk';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serveTokens, type TokenServer } from '../../e2e/token-server.ts';
import { createAuditTrail } from '../audit/index.ts';
import { createBroker, resolveAllowedHosts, resolveTemplate } from '../egress/index.ts';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';
import { silentLog } from '../types/log.ts';
import { Secret } from '../types/secret.ts';
import { createVault } from '../vault/index.ts';
import { type CredentialsOptions, createCredentials } from './credentials.ts';
import type { AuthCall, CredentialConnection } from './ports.ts';
import { literalSecrets } from './test-literal-secrets.ts';
import { createTokenHttp } from './token-http.ts';

const draft = 'https://json-schema.org/draft/2020-12/schema' as const;
const auth: Manifest['connection']['auth'] = {
  basic: { kind: 'basic', title: 'Basic' },
  key: { kind: 'api_key', title: 'Key', header: 'X-Key', prefix: 'v1 ' },
  oauth: {
    kind: 'oauth2',
    title: 'OAuth',
    grants: ['client_credentials', 'refresh_token'],
    tokenUrl: '{config.url}/token',
  },
  code: {
    kind: 'oauth2',
    title: 'Code',
    grants: ['authorization_code', 'refresh_token'],
    tokenUrl: '{config.url}/token',
    clientAuthentication: 'post',
  },
  custom: {
    kind: 'custom',
    title: 'Custom',
    hosts: [],
    secret: {
      $schema: draft,
      type: 'object',
      properties: { seed: { type: 'string', minLength: 8 } },
      required: ['seed'],
      additionalProperties: false,
    },
  },
};

let database: TestDatabase;
let tokens: TokenServer;
let tenantId: string;
let now = 0;
const masterKey = new Secret(randomBytes(32).toString('base64'));
const registered = new Set<string>();
const authCalls: AuthCall[] = [];
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  tokens = await serveTokens();
  closers.push(tokens.close);
  now = Date.parse('2026-11-22T12:00:00Z');
  authCalls.length = 0;
  tenantId = randomUUID();
  await database.db.insertInto('connector.tenants').values({ id: tenantId, name: tenantId }).execute();
  await database.db
    .insertInto('connector.workspaces')
    .values({ id: tenantId, tenant_id: tenantId, name: 'default' })
    .execute();
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Another one is another node. */
function newNode(over: Partial<CredentialsOptions> = {}) {
  const clock = { now: () => now };
  const broker = createBroker({ clock, log: silentLog, allowedPrivate: ['127.0.0.1'] });
  closers.push(() => broker.stop());
  return createCredentials({
    db: database.db,
    vault: createVault({ db: database.db, masterKey }),
    connections: {
      connection: async (tenant, id) => connectionOf(tenant, id),
      enabled: async () => ({
        digest: 'sha256:0',
        manifest: {
          scopes: {},
          actions: {},
          triggers: {},
          approvalChannels: {},
          connection: { auth, config: {} },
        } as unknown as Manifest,
      }),
    },
    tokenHttp: createTokenHttp(broker, { resolveTemplate, resolveAllowedHosts }),
    async callAuth(call): Promise<Authentication> {
      authCalls.push(call);
      const headers = { authorization: `Bearer session-${authCalls.length}-canary` };
      return { headers, expiresAt: new Date(now + 600_000).toISOString() };
    },
    clock,
    audit: createAuditTrail({ db: database.db, clock }),
    ...literalSecrets,
    scrubber: { register: (value) => void registered.add(value), unregister: () => {} },
    log: silentLog,
    ...over,
  });
}

async function connectionOf(tenant: string, id: string): Promise<CredentialConnection> {
  const row = await database.db
    .selectFrom('connector.connections')
    .selectAll()
    .where('id', '=', id)
    .where('tenant_id', '=', tenant)
    .executeTakeFirstOrThrow();
  return { ...row, tenantId: row.tenant_id };
}

async function newConnection(authName: string) {
  const id = randomUUID();
  await database.db
    .insertInto('connector.connections')
    .values({
      id,
      tenant_id: tenantId,
      workspace_id: tenantId,
      name: id,
      connector: 'probe',
      config: JSON.stringify({ url: tokens.url }),
      auth: authName,
    })
    .execute();
  return { id, tenantId, connector: 'probe' };
}

const client = { clientId: 'client-1', clientSecret: 'client-secret-canary' };
const given = () => ({
  ...client,
  accessToken: 'first-access-canary',
  refreshToken: tokens.refreshToken,
  expiresAt: new Date(now - 1).toISOString(),
});
const failing = (code: string) => expect.objectContaining({ code });

describe('headers of a credential', () => {
  it.each([
    [
      'basic',
      { username: 'ann', password: 'p:w' },
      { authorization: `Basic ${Buffer.from('ann:p:w').toString('base64')}` },
    ],
    ['key', { key: 'key-canary' }, { 'x-key': 'v1 key-canary' }],
    ['oauth', { accessToken: 'static-canary' }, { authorization: 'Bearer static-canary' }],
  ])('%s', async (name, secrets, headers) => {
    const connection = await newConnection(name);
    const node = newNode();
    await node.store(connection, name, secrets);
    await expect(node.authorize(connection)).resolves.toEqual({ headers, generation: 1 });
    await expect(node.refreshAfter401(connection, 1)).resolves.toBe(false);
    expect(tokens.requests).toHaveLength(0);
  });

  it('custom: from the isolated code, kept until a minute before its end, by other nodes too', async () => {
    const connection = await newConnection('custom');
    const node = newNode();
    await node.store(connection, 'custom', { seed: 'seed-canary' });
    const headers = { authorization: 'Bearer session-1-canary' };
    await expect(node.authorize(connection)).resolves.toEqual({ headers, generation: 2 });
    await expect(newNode().authorize(connection)).resolves.toEqual({ headers, generation: 2 });
    expect(authCalls).toHaveLength(1);
    expect(authCalls[0]?.secret).toEqual({ seed: 'seed-canary' });
    now += 541_000;
    await expect(newNode().authorize(connection)).resolves.toMatchObject({
      headers: { authorization: 'Bearer session-2-canary' },
    });
  });

  it.each([
    ['basic', { username: 'ann' }],
    ['basic', { username: 'ann', password: 'x', more: 'y' }],
    ['key', { key: '' }],
    ['oauth', {}],
    ['oauth', { clientId: 'x', unknown: 'y' }],
    ['oauth', { accessToken: 'x', expiresAt: 'soon' }],
    ['code', { clientSecret: 'x' }],
    ['oauth', { clientId: 'x', clientSecret: 'y', issuer: 'not-a-url' }],
    ['custom', { seed: 'short' }],
    ['none-such', { key: 'x' }],
  ])('refuses a secret that does not fit: %s %j', async (name, secrets) => {
    const connection = await newConnection('key');
    await expect(newNode().store(connection, name, secrets)).rejects.toEqual(failing('CREDENTIAL_INVALID'));
  });

  it('of a secret that is kept elsewhere are read there, late, and it is not stored', async () => {
    const refuse = { code: 'SECRET_REFERENCE_NOT_ALLOWED' };
    const references = {
      resolveSecrets: async () => ({ key: 'from-elsewhere-canary' }),
      requireAllowedReferences: async (_tenant: string, values: object) => {
        if (JSON.stringify(values).includes('forbidden')) throw Object.assign(new Error('no'), refuse);
      },
    };
    const node = newNode(references);
    const connection = await newConnection('key');
    await expect(node.store(connection, 'key', { key: { ref: 'env:forbidden' } })).rejects.toMatchObject(refuse);
    await node.store(connection, 'key', { key: { ref: 'env:KEY' } });
    await expect(node.authorize(connection)).resolves.toMatchObject({
      headers: { 'x-key': 'v1 from-elsewhere-canary' },
    });
    // The connector's own schema speaks of the value, which is not known yet.
    const custom = await newConnection('custom');
    const seed = { seed: { ref: 'file:/x' } };
    await newNode(references).store(custom, 'custom', seed);
    await newNode({ ...references, resolveSecrets: async () => ({ seed: 'seed-canary' }) }).authorize(custom);
    expect(authCalls.at(-1)?.secret).toEqual({ seed: 'seed-canary' });
    await expect(node.store(custom, 'custom', { ...seed, more: 'x' })).rejects.toEqual(failing('CREDENTIAL_INVALID'));
    const code = await newConnection('code');
    const tokens = { ...client, refreshToken: { ref: 'env:X' } };
    await expect(node.store(code, 'code', tokens)).rejects.toEqual(failing('CREDENTIAL_INVALID'));
  });

  it('says so when there is none, or one for another auth', async () => {
    const connection = await newConnection('key');
    await expect(newNode().authorize(connection)).rejects.toEqual(failing('CREDENTIAL_MISSING'));
    await newNode().store(connection, 'basic', { username: 'a', password: 'b' });
    await expect(newNode().authorize(connection)).rejects.toEqual(failing('CREDENTIAL_MISSING'));
  });

  it("never gives one tenant's credential to another", async () => {
    const connection = await newConnection('key');
    await newNode().store(connection, 'key', { key: 'key-canary' });
    await expect(newNode().authorize({ ...connection, tenantId: randomUUID() })).rejects.toThrow();
  });
});

describe('OAuth', () => {
  it('fetches the first token with client credentials, once for all callers', async () => {
    const connection = await newConnection('oauth');
    const node = newNode();
    await node.store(connection, 'oauth', client);
    const all = await Promise.all(Array.from({ length: 50 }, () => node.authorize(connection)));
    expect(new Set(all.map(({ headers }) => headers.authorization)).size).toBe(1);
    expect(tokens.accepts(all[0]?.headers.authorization)).toBe(true);
    expect(tokens.requests).toHaveLength(1);
    expect(tokens.requests[0]?.headers.authorization).toMatch(/^Basic /);
  });

  it('refreshes once across 50 callers on 5 nodes, though the provider is slow', async () => {
    const connection = await newConnection('code');
    const nodes = Array.from({ length: 5 }, () => newNode());
    await newNode().store(connection, 'code', given());
    tokens.behave('slow');
    const all = await Promise.all(Array.from({ length: 50 }, (_, index) => nodes[index % 5]?.authorize(connection)));
    expect(new Set(all.map((one) => one?.generation))).toEqual(new Set([2]));
    expect(tokens.requests).toHaveLength(1);
    expect(new URLSearchParams(tokens.requests[0]?.body).get('grant_type')).toBe('refresh_token');
  });

  it('refreshes once after a 401 of many calls in flight; late ones just take the new token', async () => {
    const connection = await newConnection('code');
    const [node, other] = [newNode(), newNode()];
    const { expiresAt: _, ...unexpired } = given();
    await node.store(connection, 'code', unexpired);
    const { generation } = await node.authorize(connection);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? node : other).refreshAfter401(connection, generation)),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, () => true));
    await expect(other.refreshAfter401(connection, generation)).resolves.toBe(true);
    expect(tokens.requests).toHaveLength(1);
    expect(tokens.accepts((await node.authorize(connection)).headers.authorization)).toBe(true);
  });

  it('keeps the refresh token that an answer leaves out', async () => {
    const connection = await newConnection('code');
    await newNode().store(connection, 'code', given());
    tokens.behave('omits-refresh-token');
    await newNode().authorize(connection);
    now += 1_800_000;
    await expect(newNode().authorize(connection)).resolves.toMatchObject({ generation: 3 });
    expect(tokens.requests).toHaveLength(2);
  });

  it('uses a token without an expiry until it is refused', async () => {
    const connection = await newConnection('oauth');
    await newNode().store(connection, 'oauth', client);
    tokens.behave('no-expiry');
    await newNode().authorize(connection);
    now += 365 * 86_400_000;
    await expect(newNode().authorize(connection)).resolves.toMatchObject({ generation: 2 });
    expect(tokens.requests).toHaveLength(1);
  });

  it('invalid_grant ends in reauth_required, audited once, without asking again; nothing is deleted', async () => {
    const connection = await newConnection('code');
    await newNode().store(connection, 'code', given());
    tokens.behave('invalid-grant');
    await expect(newNode().authorize(connection)).rejects.toEqual(failing('CONNECTION_REAUTH_REQUIRED'));
    await expect(newNode().authorize(connection)).rejects.toEqual(failing('CONNECTION_REAUTH_REQUIRED'));
    expect(tokens.requests).toHaveLength(1);
    const kept = await database.db
      .selectFrom('connector.credentials')
      .select('generation')
      .where('connection_id', '=', connection.id)
      .execute();
    expect(kept).toEqual([{ generation: 1 }]);
    const { rows } = await sql<{
      kind: string;
    }>`select kind from connector.audit_entries where tenant_id = ${tenantId} order by seq`.execute(database.db);
    expect(rows.map(({ kind }) => kind)).toEqual(['credential.stored', 'connection.reauth_required']);
    tokens.behave('works');
    await newNode().store(connection, 'code', {
      accessToken: 'again-canary',
      expiresAt: new Date(now + 3_600_000).toISOString(),
    });
    await expect(newNode().authorize(connection)).resolves.toMatchObject({ generation: 2 });
  });

  it('the loser of a refresh race does not end the grant that the winner has', async () => {
    const connection = await newConnection('code');
    const [winner, loser] = [newNode(), newNode()];
    await winner.store(connection, 'code', given());
    tokens.behave('slow');
    const racing = winner.authorize(connection);
    const late = loser.authorize(connection);
    await racing;
    // From now on every use of the old refresh token would be answered with invalid_grant.
    await expect(late).resolves.toMatchObject({ generation: 2 });
    await expect(connectionOf(tenantId, connection.id)).resolves.toMatchObject({ status: 'ready' });
  });

  it.each([
    ['broken', 'EGRESS_FAILED'],
    ['invalid-client', 'CREDENTIAL_REFUSED'],
  ] as const)('a failure that is not the grant’s end changes nothing: %s', async (behaviour, code) => {
    const connection = await newConnection('code');
    const node = newNode();
    await node.store(connection, 'code', given());
    tokens.behave(behaviour);
    await expect(node.authorize(connection)).rejects.toEqual(failing(code));
    await expect(connectionOf(tenantId, connection.id)).resolves.toMatchObject({ status: 'ready' });
    tokens.behave('works');
    await expect(node.authorize(connection)).resolves.toMatchObject({ generation: 2 });
  });

  it('an expired token that nothing can renew asks for a person', async () => {
    const connection = await newConnection('code');
    await newNode().store(connection, 'code', { accessToken: 'x-canary', expiresAt: new Date(now - 1).toISOString() });
    await expect(newNode().authorize(connection)).rejects.toEqual(failing('CONNECTION_REAUTH_REQUIRED'));
    await expect(connectionOf(tenantId, connection.id)).resolves.toMatchObject({ status: 'reauth_required' });
  });
});

describe('secrets', () => {
  it('are in no error, row or audit entry in the clear, and all are known to the scrubber', async () => {
    const connection = await newConnection('code');
    const node = newNode();
    const secrets = given();
    await node.store(connection, 'code', secrets);
    tokens.behave('invalid-client');
    const error: unknown = await node.authorize(connection).catch((thrown: unknown) => thrown);
    tokens.behave('works');
    await node.authorize(connection);
    const { rows } = await sql`select (select json_agg(c) from connector.credentials c) as credentials,
      (select json_agg(encode(c.sealed, 'escape')) from connector.credentials c) as raw,
      (select json_agg(a) from connector.audit_entries a) as audit, (select json_agg(c) from connector.connections c) as connections`.execute(
      database.db,
    );
    const seen =
      JSON.stringify(rows) +
      JSON.stringify(error) +
      String((error as Error).stack) +
      JSON.stringify((error as Error).cause ?? '');
    for (const secret of [client.clientSecret, secrets.accessToken, ...tokens.issued]) {
      expect(seen).not.toContain(secret);
    }
    for (const secret of [client.clientSecret, secrets.accessToken, secrets.refreshToken, ...tokens.issued]) {
      expect(registered.has(secret)).toBe(true);
    }
  });
});
