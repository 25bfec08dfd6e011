import { generateKeyPairSync, sign } from 'node:crypto';
import { createAppAuth } from '@octokit/auth-app';
import { request } from '@octokit/request';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GitHubEmulator, startGitHubEmulator } from './github-emulator.ts';

let github: GitHubEmulator;
let now = 0;

beforeAll(async () => {
  github = await startGitHubEmulator({ clock: () => now });
});
beforeEach(async () => {
  now = Date.now();
  await github.reset();
});
afterAll(() => github.close());

function createAuth(privateKey = github.app.privateKeyPem) {
  const { appId, installationId } = github.app;
  return createAppAuth({ appId, installationId, privateKey, request: request.defaults({ baseUrl: github.url }) });
}

const repository = { owner: 'acme', repo: 'payments-api' };

function authorized() {
  return request.defaults({
    baseUrl: github.url,
    owner: 'acme',
    repo: 'payments-api',
    request: { hook: createAuth().hook },
  });
}

async function issueToken(): Promise<string> {
  return (await createAuth()({ type: 'installation', refresh: true })).token;
}

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${github.url}${path}`, { headers });
}

describe('the API through @octokit/auth-app', () => {
  it('gives an installation token', async () => {
    const token = await createAuth()({ type: 'installation' });
    expect(token).toMatchObject({
      tokenType: 'installation',
      permissions: { contents: 'read', issues: 'read', pull_requests: 'read' },
    });
    expect(github.effects.tokens).toBe(1);
  });

  it('lists pull requests, issues and contents, and counts the reads', async () => {
    const call = authorized();
    const pulls = await call('GET /repos/{owner}/{repo}/pulls', { ...repository, state: 'open' });
    expect(pulls.data.map(({ title, head }) => [title, head.ref])).toEqual(
      expect.arrayContaining([['Lower the card provider timeout to 200 ms', 'lower-card-timeout']]),
    );
    expect(pulls.data).toHaveLength(2);
    expect(pulls.data[0]?.url.startsWith(github.url)).toBe(true);
    const issues = await call('GET /repos/{owner}/{repo}/issues', { ...repository, labels: 'bug' });
    expect(issues.data.map(({ title }) => title)).toEqual(['Checkout answers 502 when the card provider is slow']);
    const file = await call('GET /repos/{owner}/{repo}/contents/{path}', {
      ...repository,
      path: 'config/timeouts.json',
    });
    expect(file.data).toMatchObject({ type: 'file', path: 'config/timeouts.json', encoding: 'base64' });
    const raw = await call('GET /repos/{owner}/{repo}/contents/{path}', {
      ...repository,
      path: 'config/timeouts.json',
      ref: 'lower-card-timeout',
    });
    const content = 'content' in raw.data ? Buffer.from(raw.data.content ?? '', 'base64').toString() : '';
    expect(content).toBe('{ "cardProviderMs": 200 }\n');
    expect(github.effects.reads).toBe(4);
  });

  it('pages with Link', async () => {
    const page = await authorized()('GET /repos/{owner}/{repo}/pulls', { ...repository, per_page: 1 });
    expect(page.headers.link).toContain('rel="next"');
    expect(page.headers.link).toContain(github.url);
  });

  it('lists the repositories of the installation, to it alone', async () => {
    const { data } = await request.defaults({ baseUrl: github.url, request: { hook: createAuth().hook } })(
      'GET /installation/repositories',
    );
    expect(data).toMatchObject({ total_count: 1, repositories: [{ full_name: 'acme/payments-api' }] });
    expect((await get('/installation/repositories')).status).toBe(401);
    expect((await get('/installation/repositories', { authorization: 'Bearer ghs_wrong' })).status).toBe(401);
  });

  it('shows what a person did, in whole seconds, and compares `since` by them', async () => {
    const call = authorized();
    await github.actAsPerson('PATCH', '/repos/acme/payments-api/issues/1', { title: 'Now slow for everybody' });
    const newest = { ...repository, sort: 'updated', direction: 'desc', per_page: 1 } as const;
    const { data } = await call('GET /repos/{owner}/{repo}/issues', newest);
    expect(data).toMatchObject([{ number: 1, title: 'Now slow for everybody' }]);
    const since = data[0]?.updated_at ?? '';
    expect(since).toMatch(/T\d\d:\d\d:\d\dZ$/);
    const again = await call('GET /repos/{owner}/{repo}/issues', { ...repository, since });
    expect(again.data.map(({ number }) => number)).toContain(1);
    await expect(github.actAsPerson('PATCH', '/repos/acme/none/issues/1', {})).rejects.toMatchObject({
      code: 'EMULATOR_CALL_REFUSED',
      details: { status: 404 },
    });
  });

  it('answers 304 to the ETag it gave', async () => {
    const authorization = `Bearer ${await issueToken()}`;
    const first = await get('/repos/acme/payments-api/pulls', { authorization });
    const etag = first.headers.get('etag') ?? '';
    expect((await get('/repos/acme/payments-api/pulls', { authorization, 'if-none-match': etag })).status).toBe(304);
    expect((await get('/repos/acme/payments-api/pulls', { authorization, 'if-none-match': 'W/"other"' })).status).toBe(
      200,
    );
  });

  it('lets a read-only installation write nothing', async () => {
    const write = authorized()('POST /repos/{owner}/{repo}/issues', { ...repository, title: 'x' });
    await expect(write).rejects.toMatchObject({ status: 403 });
  });
});

describe('refusals', () => {
  it.each([
    ['a token it never issued', 'Bearer ghs_wrong'],
    ['another scheme', 'Basic eDp5'],
    ['an empty bearer', 'Bearer '],
  ])('refuses %s', async (_name, authorization) => {
    const response = await get('/repos/acme/payments-api/pulls', { authorization });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ message: 'Bad credentials' });
    expect(github.effects.reads).toBe(0);
  });

  it('shows a private repository to nobody without a token', async () => {
    expect((await get('/repos/acme/payments-api/pulls')).ok).toBe(false);
  });

  it('ends an installation token after an hour and on revocation', async () => {
    const authorization = `Bearer ${await issueToken()}`;
    expect((await get('/repos/acme/payments-api/pulls', { authorization })).status).toBe(200);
    now += 3_601_000;
    expect((await get('/repos/acme/payments-api/pulls', { authorization })).status).toBe(401);
    now = Date.now();
    const second = `Bearer ${await issueToken()}`;
    github.revokeTokens();
    expect((await get('/repos/acme/payments-api/pulls', { authorization: second })).status).toBe(401);
  });

  it('refuses a JWT signed with another key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const stranger = createAuth(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
    await expect(stranger({ type: 'installation' })).rejects.toMatchObject({ status: 401 });
    expect(github.effects.tokens).toBe(0);
  });

  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const seconds = () => Math.floor(now / 1000);
  it.each<[string, () => object, () => object, number]>([
    ['a good one', () => ({ alg: 'RS256' }), () => ({}), 200],
    ['alg none', () => ({ alg: 'none' }), () => ({}), 401],
    ['another issuer', () => ({ alg: 'RS256' }), () => ({ iss: 7 }), 401],
    ['an expired one', () => ({ alg: 'RS256' }), () => ({ iat: seconds() - 700, exp: seconds() - 1 }), 401],
    ['one without an expiry', () => ({ alg: 'RS256' }), () => ({ exp: undefined }), 401],
    ['one that lives over ten minutes', () => ({ alg: 'RS256' }), () => ({ exp: seconds() + 660 }), 401],
    ['one issued ahead of the clock', () => ({ alg: 'RS256' }), () => ({ iat: seconds() + 60 }), 401],
  ])('judges a JWT: %s', async (_name, header, claims, status) => {
    const payload = { iss: github.app.appId, iat: seconds() - 60, exp: seconds() + 540, ...claims() };
    const signed = `${encode(header())}.${encode(payload)}`;
    const signature = sign('RSA-SHA256', Buffer.from(signed), github.app.privateKeyPem).toString('base64url');
    expect((await get('/app', { authorization: `Bearer ${signed}.${signature}` })).status).toBe(status);
  });

  it('refuses text that is no JWT', async () => {
    for (const credential of ['x', 'a.b.c', '..', 'eyJhbGciOiJSUzI1NiJ9.bnVsbA.']) {
      expect((await get('/app', { authorization: `Bearer ${credential}` })).status).toBe(401);
    }
  });
});
