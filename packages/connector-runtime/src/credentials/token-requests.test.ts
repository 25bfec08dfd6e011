import { generateKeyPairSync } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { Events, OAuth2Server } from 'oauth2-mock-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../../e2e/loopback-server.ts';
import { createOAuthBench, type OAuthBench, oauthManifest } from '../test-oauth-bench.ts';

let bench: OAuthBench;
let provider: LoopbackServer;
let mock: OAuth2Server;
let answer: { status: number; body: unknown } = { status: 200, body: {} };
let count = 0;

beforeAll(async () => {
  bench = await createOAuthBench();
  provider = await serveLoopback((_, response) => {
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  });
  mock = new OAuth2Server();
  await mock.issuer.keys.generate('RS256');
  await mock.start(0, '127.0.0.1');
});
afterAll(async () => {
  await mock?.stop();
  await provider?.close();
  await bench?.close();
});

const client = { clientId: 'client-1', clientSecret: 'client-secret-canary' };
type Auth = Parameters<typeof oauthManifest>[0];

async function connected(auth: Auth, secrets: Record<string, string>, site = provider.url) {
  count += 1;
  const tenant = await bench.seed(`requests ${count}`, oauthManifest(auth));
  const { id } = await tenant.connect(site, secrets);
  return { id, tenantId: tenant.tenantId };
}
const refreshing = (site?: string, auth: Auth = {}) =>
  connected(auth, { ...client, refreshToken: 'refresh-canary' }, site);
const show = ({ id, tenantId }: { id: string; tenantId: string }) => bench.tenants.showConnection(tenantId, id);
const lastForm = () => new URLSearchParams(provider.requests.at(-1)?.body);

describe('an answer of', () => {
  const slack = {
    ok: true,
    access_token: 'xoxb-canary',
    token_type: 'bot',
    scope: 'data:read,data:write',
    bot_user_id: 'U0',
    team: { id: 'T1', name: 'one' },
    enterprise: { id: 'E1', name: 'all' },
    is_enterprise_install: false,
    authed_user: { id: 'U1', scope: 'search:read', access_token: 'xoxp-canary', token_type: 'user' },
  };
  const { access_token: _, token_type: __, scope: ___, ...userOnly } = slack;
  it.each([
    ['Slack, for a bot', slack, 'xoxb-canary', ['data:read', 'data:write']],
    ['Slack, for a user only', userOnly, 'xoxp-canary', ['search:read']],
    [
      'Slack, for a whole enterprise',
      { ...slack, team: null, is_enterprise_install: true },
      'xoxb-canary',
      ['data:read', 'data:write'],
    ],
    [
      'ServiceNow',
      {
        scope: 'useraccount',
        token_type: 'Bearer',
        expires_in: 1800,
        refresh_token: 'r-canary',
        access_token: 'now-canary',
      },
      'now-canary',
      ['useraccount'],
    ],
    [
      'one that writes numbers as text',
      { access_token: 'azure-canary', token_type: 'Bearer', expires_in: '3599' },
      'azure-canary',
      null,
    ],
    [
      'one that writes null for what there is not',
      { access_token: 'n-canary', token_type: 'bearer', refresh_token: null, scope: null },
      'n-canary',
      null,
    ],
    [
      'one that adds an id_token',
      { access_token: 'id-canary', token_type: 'Bearer', id_token: 'not.a.jwt' },
      'id-canary',
      null,
    ],
  ])('%s gives a token', async (_name, body, accessToken, scopes) => {
    const key = await refreshing();
    answer = { status: 200, body };
    const { headers } = await bench.credentials.authorize(key);
    expect(headers).toEqual({ authorization: `Bearer ${accessToken}` });
    const row = await bench.db
      .selectFrom('connector.credentials')
      .select('generation')
      .where('connection_id', '=', key.id)
      .executeTakeFirst();
    expect(row).toEqual({ generation: 2 });
    expect(scopes === null || bench.secrets.has(accessToken)).toBe(true);
  });

  it.each([
    [
      'Slack: the refresh token is over',
      200,
      { ok: false, error: 'invalid_refresh_token' },
      'CONNECTION_REAUTH_REQUIRED',
    ],
    ['Slack: wrong client secret', 200, { ok: false, error: 'bad_client_secret' }, 'CREDENTIAL_REFUSED'],
    [
      'ServiceNow: the refresh token is over',
      401,
      { error: 'access_denied', error_description: 'access_denied' },
      'CONNECTION_REAUTH_REQUIRED',
    ],
    [
      'RFC 6749: the grant is over',
      400,
      { error: 'invalid_grant', error_description: 'client-secret-canary' },
      'CONNECTION_REAUTH_REQUIRED',
    ],
    ['RFC 6749: wrong client', 401, { error: 'invalid_client' }, 'CREDENTIAL_REFUSED'],
    ['no token at all', 200, { hello: 'client-secret-canary' }, 'CREDENTIAL_REFUSED'],
    ['a token of a kind that is not understood', 200, { access_token: 'x', token_type: 'mac' }, 'CREDENTIAL_REFUSED'],
    ['a page', 200, '<html>client-secret-canary</html>', 'CREDENTIAL_REFUSED'],
    ['a page with an error', 404, '<html>', 'CREDENTIAL_REFUSED'],
    ['too many requests', 429, {}, 'EGRESS_FAILED'],
    ['a failure', 503, {}, 'EGRESS_FAILED'],
  ])('%s is %s', async (_name, status, body, code) => {
    const key = await refreshing();
    answer = { status, body };
    const error: unknown = await bench.credentials.authorize(key).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('canary');
    const kept = await bench.db
      .selectFrom('connector.credentials')
      .select('generation')
      .where('connection_id', '=', key.id)
      .execute();
    expect(kept).toEqual([{ generation: 1 }]);
  });
});

describe('through oauth2-mock-server', () => {
  const auth: Auth = { grants: ['authorization_code', 'client_credentials', 'refresh_token'] };

  it('a client gets tokens in its own name, for the scopes that something needs', async () => {
    let asked: unknown;
    mock.service.once(Events.BeforeTokenSigning, (_token, request) => {
      asked = request.body.scope;
    });
    const key = await connected(auth, client, mock.issuer.url);
    await expect(bench.credentials.authorize(key)).resolves.toMatchObject({ generation: 2 });
    expect(asked).toBe('data:read data:write');
    expect(await show(key)).toMatchObject({ status: 'ready', credential: { renewable: true } });
  });

  it('a failure in between changes nothing, and the next call goes on', async () => {
    const key = await refreshing(mock.issuer.url);
    mock.service.once(Events.BeforeResponse, (response) => {
      response.statusCode = 500;
      response.body = { error: 'server_error' };
    });
    await expect(bench.credentials.authorize(key)).rejects.toMatchObject({ code: 'EGRESS_FAILED' });
    expect(await show(key)).toMatchObject({
      status: 'ready',
      credential: { generation: 1, failure: { code: 'EGRESS_FAILED', count: 1 } },
    });
    await expect(bench.credentials.authorize(key)).resolves.toMatchObject({ generation: 2 });
  });

  it('an answer without a token is no token', async () => {
    const key = await refreshing(mock.issuer.url);
    mock.service.once(Events.BeforeResponse, (response) => {
      response.body = { access_token: '', token_type: 'Bearer' };
    });
    await expect(bench.credentials.authorize(key)).rejects.toMatchObject({ code: 'CREDENTIAL_REFUSED' });
  });

  it('an ended grant asks for a person', async () => {
    const key = await refreshing(mock.issuer.url);
    mock.service.once(Events.BeforeResponse, (response) => {
      response.statusCode = 400;
      response.body = { error: 'invalid_grant' };
    });
    await expect(bench.credentials.authorize(key)).rejects.toMatchObject({ code: 'CONNECTION_REAUTH_REQUIRED' });
    expect(await show(key)).toMatchObject({ status: 'reauth_required' });
  });
});

describe.each([
  ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['EdDSA', generateKeyPairSync('ed25519')],
] as const)('a private key (%s)', (algorithm, { privateKey, publicKey }) => {
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const token = { status: 200, body: { access_token: 'key-canary', token_type: 'Bearer', expires_in: 600 } };

  it('signs the assertion of a JWT bearer grant, good for five minutes (RFC 7523 2.1)', async () => {
    answer = token;
    const secrets = {
      ...client,
      privateKey: pem.replaceAll('\n', '\\n'),
      keyId: 'k1',
      subject: 'integration@example.com',
    };
    await bench.credentials.authorize(await connected({ grants: ['jwt_bearer'] }, secrets));
    const form = lastForm();
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const assertion = form.get('assertion') ?? '';
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: algorithm, typ: 'JWT', kid: 'k1' });
    const { payload } = await jwtVerify(assertion, publicKey, {
      issuer: 'client-1',
      subject: 'integration@example.com',
      audience: `${provider.url}/token`,
      currentDate: new Date(bench.time.now),
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
    expect(payload.jti).toEqual(expect.any(String));
  });

  it('proves the client instead of a secret (RFC 7523 2.2, RFC 9700 2.5)', async () => {
    answer = token;
    const secrets = {
      clientId: 'client-1',
      privateKey: pem,
      refreshToken: 'refresh-canary',
      audience: 'https://as.example',
    };
    await bench.credentials.authorize(await connected({ clientAuthentication: 'private_key_jwt' }, secrets));
    const form = lastForm();
    expect(form.get('client_secret')).toBeNull();
    const { payload } = await jwtVerify(form.get('client_assertion') ?? '', publicKey, {
      audience: 'https://as.example',
    });
    expect(payload).toMatchObject({ iss: 'client-1', sub: 'client-1' });
  });
});

it('a private key that is none is an error without the key', async () => {
  const secrets = { ...client, privateKey: '-----BEGIN PRIVATE KEY-----\ncanary', subject: 'x' };
  const error: unknown = await bench.credentials
    .authorize(await connected({ grants: ['jwt_bearer'] }, secrets))
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'CREDENTIAL_INVALID' });
  expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('canary');
});
