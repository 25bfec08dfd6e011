import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OidcServer, serveOidc } from '../../e2e/oidc-server.ts';
import { createOAuthBench, type OAuthBench, oauthManifest, PUBLIC_URL } from '../test-oauth-bench.ts';

let bench: OAuthBench;
let oidc: OidcServer;
let other: OidcServer;

const own = (provider: string) => `${PUBLIC_URL}/oauth/callback/${new URL(provider).host}`;
const client = (id: string) => ({ clientId: id, clientSecret: `${id}-secret-canary` });
const serve = () =>
  serveOidc({
    scopes: ['data:read', 'data:write'],
    clients: (url) =>
      ['acme-app', 'globex-app'].map((id) => ({
        client_id: id,
        client_secret: client(id).clientSecret,
        redirect_uris: [own(url), `${PUBLIC_URL}/oauth/callback`],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_post',
      })),
  });

beforeAll(async () => {
  bench = await createOAuthBench();
  [oidc, other] = await Promise.all([serve(), serve()]);
});
afterAll(async () => {
  await oidc?.close();
  await other?.close();
  await bench?.close();
});

let tenants = 0;
async function newTenant(manifest = oauthManifest()) {
  tenants += 1;
  return bench.seed(`tenant ${tenants}`, manifest);
}

async function connected(app = 'acme-app', site = oidc.url) {
  const tenant = await newTenant();
  const connection = await tenant.connect(site, client(app));
  const at = { tenantId: tenant.tenantId, connectionId: connection.id, by: bench.by };
  return {
    ...at,
    key: { id: connection.id, tenantId: tenant.tenantId },
    begin: (more = {}) => bench.flow.begin({ ...at, ...more }),
  };
}

const stateOf = (url: string) => new URL(url).searchParams.get('state') ?? '';
const withState = (url: URL, state: string) => {
  const changed = new URL(url);
  changed.searchParams.set('state', state);
  return changed;
};
const show = ({ tenantId, connectionId }: { tenantId: string; connectionId: string }) =>
  bench.tenants.showConnection(tenantId, connectionId);

async function expectNothingStored(at: { tenantId: string; connectionId: string }, code: string) {
  expect(await show(at)).toMatchObject({
    status: 'reauth_required',
    statusReason: 'not_authorized',
    credential: { generation: 1 },
  });
  const failed = (await bench.audited(at.tenantId)).filter(({ kind }) => kind === 'connection.authorization_failed');
  expect(failed.map(({ details }) => details.code)).toContain(code);
}

describe('an authorization', () => {
  it('asks with PKCE, state and code only, for the scopes that something needs (RFC 9700 2.1)', async () => {
    const { begin } = await connected();
    const { url, redirectUri } = await begin();
    const { searchParams } = new URL(url);
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: 'code',
      client_id: 'acme-app',
      redirect_uri: redirectUri,
      scope: 'data:read data:write',
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(redirectUri).toBe(own(oidc.url));
    expect(new URL((await begin()).url).searchParams.get('code_challenge')).not.toBe(
      searchParams.get('code_challenge'),
    );
  });

  it('becomes a grant that is used, renewed and audited', async () => {
    const at = await connected();
    expect(await show(at)).toMatchObject({
      health: { state: 'reauth_required', nextStep: expect.stringContaining('authorize') },
    });
    await expect(bench.credentials.authorize(at.key)).rejects.toMatchObject({ code: 'CONNECTION_REAUTH_REQUIRED' });
    const answer = await bench.open(await oidc.visit((await at.begin()).url));
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('Connected') });
    const { headers, generation } = await bench.credentials.authorize(at.key);
    expect(await oidc.accepts(headers.authorization?.slice('Bearer '.length) ?? '')).toBe(true);
    expect(await show(at)).toMatchObject({
      status: 'ready',
      grantedScopes: ['data:read', 'data:write'],
      lastTest: { account: 'someone' },
      credential: { generation, renewable: true },
      health: { state: 'ready' },
    });
    const kinds = (await bench.audited(at.tenantId)).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['connection.authorization_begun', 'connection.authorized']));
    await expect(bench.credentials.refreshAfter401(at.key, generation)).resolves.toBe(true);
    const renewed = await bench.credentials.authorize(at.key);
    expect(await oidc.accepts(renewed.headers.authorization?.slice('Bearer '.length) ?? '')).toBe(true);
  });

  it('whose grant has fewer scopes is kept, and says what it cannot be used for', async () => {
    const at = await connected();
    oidc.agreeTo(['data:read']);
    await bench.open(await oidc.visit((await at.begin()).url));
    oidc.agreeTo('everything');
    expect(await show(at)).toMatchObject({
      status: 'ready',
      grantedScopes: ['data:read'],
      health: { state: 'degraded', reason: 'scopes_missing', missingScopes: ['write'], unusable: ['change'] },
    });
  });

  it('that is denied stores nothing', async () => {
    const at = await connected();
    oidc.agreeTo('nothing');
    const answer = await bench.open(await oidc.visit((await at.begin()).url));
    oidc.agreeTo('everything');
    expect(answer.status).toBe(400);
    await expectNothingStored(at, 'OAUTH_DENIED');
  });

  it('works once: a second answer with the same state is refused', async () => {
    const at = await connected();
    const back = await oidc.visit((await at.begin()).url);
    expect((await bench.open(back)).status).toBe(200);
    expect((await bench.open(back)).status).toBe(400);
    await expect(
      bench.flow.complete({ params: back.searchParams, server: new URL(oidc.url).host, browser: undefined }),
    ).rejects.toMatchObject({ code: 'OAUTH_STATE_MISMATCH' });
    expect((await show(at)).credential?.generation).toBe(2);
  });

  it('is over after ten minutes', async () => {
    const at = await connected();
    const back = await oidc.visit((await at.begin()).url);
    bench.time.now += 600_001;
    expect((await bench.open(back)).status).toBe(400);
    expect(await show(at)).toMatchObject({ statusReason: 'not_authorized' });
  });

  it('keeps state and verifier out of the database', async () => {
    const at = await connected();
    const { url } = await at.begin();
    const rows = await bench.db
      .selectFrom('connector.oauth_sessions')
      .selectAll()
      .where('tenant_id', '=', at.tenantId)
      .execute();
    const stored = JSON.stringify(rows) + rows.map(({ sealed_verifier: sealed }) => sealed.toString('latin1')).join();
    expect(stored).not.toContain(stateOf(url));
    expect(rows).toHaveLength(1);
  });

  it('is refused for a disabled connection, and for another tenant’s', async () => {
    const at = await connected();
    const stranger = await connected();
    await expect(bench.flow.begin({ ...at, tenantId: stranger.tenantId })).rejects.toMatchObject({
      code: 'CONNECTION_UNKNOWN',
    });
    const back = await oidc.visit((await at.begin()).url);
    await bench.tenants.disableConnection(at);
    await expect(at.begin()).rejects.toMatchObject({ code: 'CONNECTION_DISABLED' });
    expect((await bench.open(back)).status).toBe(400);
    await bench.tenants.enableConnection(at);
    await expectNothingStored(at, 'CONNECTION_DISABLED');
  });
});

describe('two tenants, two registrations, one connector', () => {
  it('each get their own grant, side by side', async () => {
    const [acme, globex] = await Promise.all([connected('acme-app'), connected('globex-app')]);
    const [one, two] = await Promise.all([acme.begin(), globex.begin()]);
    for (const { url } of [two, one]) expect((await bench.open(await oidc.visit(url))).status).toBe(200);
    const [first, second] = await Promise.all([acme, globex].map(({ key }) => bench.credentials.authorize(key)));
    expect(first?.headers.authorization).not.toBe(second?.headers.authorization);
  });
});

describe('a mix-up (pitfall 35)', () => {
  it('of two callbacks of two tenants stores nothing: the code does not fit the other’s proof key', async () => {
    const [acme, globex] = await Promise.all([connected('acme-app'), connected('globex-app')]);
    const [one, two] = await Promise.all([acme.begin(), globex.begin()]);
    const [back, forth] = [await oidc.visit(one.url), await oidc.visit(two.url)];
    expect((await bench.open(withState(back, stateOf(two.url)))).status).toBe(400);
    expect((await bench.open(withState(forth, stateOf(one.url)))).status).toBe(400);
    await expectNothingStored(acme, 'OAUTH_CODE_REFUSED');
    await expectNothingStored(globex, 'OAUTH_CODE_REFUSED');
  });

  it('of two connections of one registration stores nothing (code injection, RFC 9700 4.5)', async () => {
    const [victim, attacker] = await Promise.all([connected('acme-app'), connected('acme-app')]);
    const [one, two] = await Promise.all([victim.begin(), attacker.begin()]);
    const stolen = await oidc.visit(one.url);
    expect((await bench.open(withState(stolen, stateOf(two.url)))).status).toBe(400);
    await expectNothingStored(attacker, 'OAUTH_CODE_REFUSED');
  });

  it('of two browsers is refused and leaves the flow to the right one', async () => {
    const at = await connected();
    const browser = 'b'.repeat(43);
    const back = await oidc.visit((await at.begin({ browser })).url);
    const complete = (shown: string | undefined) =>
      bench.flow.complete({ params: back.searchParams, server: new URL(oidc.url).host, browser: shown });
    await expect(complete(undefined)).rejects.toMatchObject({ code: 'OAUTH_BROWSER_MISMATCH' });
    await expect(complete('c'.repeat(43))).rejects.toMatchObject({ code: 'OAUTH_BROWSER_MISMATCH' });
    expect((await bench.open(back, `__Host-connector-oauth=${browser}`)).status).toBe(200);
  });

  it('of two servers is refused by the address the answer came to (RFC 9700 4.4)', async () => {
    const [honest, evil] = [await connected('acme-app', oidc.url), await connected('acme-app', other.url)];
    const [good, bad] = [await honest.begin(), await evil.begin()];
    // The victim began at the evil server, which sent the browser on to the honest one, with the evil flow's state.
    const answer = withState(await oidc.visit(good.url), stateOf(bad.url));
    expect((await bench.open(answer)).status).toBe(400);
    await expectNothingStored(evil, 'OAUTH_REDIRECT_MISMATCH');
    expect(other.requests.filter(({ path }) => path === '/token')).toEqual([]);
  });

  it.each([
    ['another issuer', (params: URLSearchParams) => params.set('iss', 'https://evil.example')],
    ['an issuer that is no URL', (params: URLSearchParams) => params.set('iss', 'x')],
  ])('is refused by iss: %s (RFC 9207)', async (_, change) => {
    const at = await connected();
    const back = await oidc.visit((await at.begin()).url);
    change(back.searchParams);
    expect((await bench.open(back)).status).toBe(400);
    await expectNothingStored(at, 'OAUTH_ISSUER_MISMATCH');
  });

  it('with another registration put in meanwhile is refused', async () => {
    const at = await connected('acme-app');
    const back = await oidc.visit((await at.begin()).url);
    await bench.tenants.replaceCredential({ ...at, secrets: client('globex-app') });
    expect((await bench.open(back)).status).toBe(400);
    const failed = (await bench.audited(at.tenantId)).at(-1);
    expect(failed).toMatchObject({
      kind: 'connection.authorization_failed',
      details: { code: 'OAUTH_REGISTRATION_CHANGED' },
    });
    expect(await show(at)).toMatchObject({ status: 'reauth_required', credential: { generation: 2 } });
  });

  it.each([
    ['no state', (params: URLSearchParams) => params.delete('state')],
    ['a state nobody gave out', (params: URLSearchParams) => params.set('state', 'x'.repeat(43))],
    ['two states', (params: URLSearchParams) => params.append('state', 'x'.repeat(43))],
    ['two codes', (params: URLSearchParams) => params.append('code', 'x')],
  ])('with %s is refused without using the flow up', async (_, change) => {
    const at = await connected();
    const back = await oidc.visit((await at.begin()).url);
    const forged = new URL(back);
    change(forged.searchParams);
    const asked = oidc.requests.length;
    expect((await bench.open(forged)).status).toBe(400);
    expect(oidc.requests).toHaveLength(asked);
    expect((await bench.open(back)).status).toBe(200);
  });

  it.each(['access_token', 'id_token', 'token', 'response'])(
    'with %s in the address is refused (RFC 9700 2.1.2)',
    async (name) => {
      const at = await connected();
      const back = await oidc.visit((await at.begin()).url);
      back.searchParams.set(name, 'x');
      const asked = oidc.requests.length;
      expect((await bench.open(back)).status).toBe(400);
      expect(oidc.requests).toHaveLength(asked);
      await expectNothingStored(at, 'OAUTH_RESPONSE_INVALID');
    },
  );
});

describe('an issuer that is named', () => {
  const manifest = () => oauthManifest({ issuer: '{config.site}' });

  it('is discovered, and its answers must name it: one address serves all such servers', async () => {
    const tenant = await newTenant(manifest());
    const { id } = await tenant.connect(oidc.url, client('acme-app'));
    const at = { tenantId: tenant.tenantId, connectionId: id, by: bench.by };
    const { url, redirectUri } = await bench.flow.begin(at);
    expect(redirectUri).toBe(`${PUBLIC_URL}/oauth/callback`);
    const silent = await oidc.visit(url);
    silent.searchParams.delete('iss');
    expect((await bench.open(silent)).status).toBe(400);
    await expectNothingStored(at, 'OAUTH_ISSUER_MISMATCH');
    expect((await bench.open(await oidc.visit((await bench.flow.begin(at)).url))).status).toBe(200);
  });

  it('may come from the registration, and is then where tokens come from', async () => {
    const tenant = await newTenant();
    const { id } = await tenant.connect('https://nowhere.example', { ...client('acme-app'), issuer: oidc.url });
    const at = { tenantId: tenant.tenantId, connectionId: id, by: bench.by };
    expect((await bench.open(await oidc.visit((await bench.flow.begin(at)).url))).status).toBe(200);
    expect(await show(at)).toMatchObject({ status: 'ready' });
  });

  it('that publishes nothing of its own is an error that says so', async () => {
    const tenant = await newTenant();
    const { id } = await tenant.connect(oidc.url, { ...client('acme-app'), issuer: `${oidc.url}/someone-else` });
    await expect(bench.flow.begin({ tenantId: tenant.tenantId, connectionId: id, by: bench.by })).rejects.toMatchObject(
      {
        code: 'OAUTH_DISCOVERY_FAILED',
      },
    );
  });
});

describe('the page people come back to', () => {
  it('says nothing of what they brought, and sends them nowhere', async () => {
    const hostile = `${own(oidc.url)}?state=<script>&error=%3Cscript%3E&error_description=canary&redirect_uri=https://evil.example`;
    const { status, text, headers } = await bench.open(hostile);
    expect(status).toBe(400);
    expect(text).not.toMatch(/script|canary|evil/);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
    });
    expect(headers).not.toHaveProperty('location');
    expect((await bench.open(hostile.replace('<script>', 'x'))).text).toBe(text);
  });
});

describe('disconnecting', () => {
  it('revokes at the provider, destroys the credential, frees the name', async () => {
    const tenant = await newTenant(oauthManifest({ revocationUrl: '{config.site}/token/revocation' }));
    const { id } = await tenant.connect(oidc.url, client('acme-app'));
    const at = { tenantId: tenant.tenantId, connectionId: id, by: bench.by };
    await bench.open(await oidc.visit((await bench.flow.begin(at)).url));
    const { headers } = await bench.credentials.authorize({ id, tenantId: tenant.tenantId });
    await bench.tenants.deleteConnection({ ...at, force: false });
    expect(await oidc.accepts(headers.authorization?.slice('Bearer '.length) ?? '')).toBe(false);
    expect(oidc.requests.at(-1)).toMatchObject({ path: '/token/revocation', status: 200 });
    expect((await bench.audited(tenant.tenantId)).at(-1)).toMatchObject({
      kind: 'connection.deleted',
      details: { revocation: 'revoked', name: 'main' },
    });
    await expect(show(at)).rejects.toMatchObject({ code: 'CONNECTION_UNKNOWN' });
    await expect(bench.credentials.authorize({ id, tenantId: tenant.tenantId })).rejects.toMatchObject({
      code: 'CONNECTION_UNKNOWN',
    });
    const left = await bench.db
      .selectFrom('connector.credentials')
      .select('generation')
      .where('connection_id', '=', id)
      .execute();
    expect(left).toEqual([]);
    await expect(tenant.connect(oidc.url, client('acme-app'))).resolves.toMatchObject({ name: 'main' });
  });

  it('goes on when the provider is gone, and says that it was not revoked', async () => {
    const gone = await serve();
    const tenant = await newTenant(oauthManifest({ revocationUrl: '{config.site}/token/revocation' }));
    const { id } = await tenant.connect(gone.url, client('acme-app'));
    const at = { tenantId: tenant.tenantId, connectionId: id, by: bench.by };
    await bench.open(await gone.visit((await bench.flow.begin(at)).url));
    await gone.close();
    await bench.tenants.deleteConnection({ ...at, force: false });
    expect((await bench.audited(tenant.tenantId)).at(-1)).toMatchObject({ details: { revocation: 'failed' } });
  });
});
