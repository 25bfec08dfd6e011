import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { createTestContext } from '@org/connector-testing';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { app } from './app-auth.ts';
import { createAppJwt } from './app-jwt.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const now = Date.parse('2026-03-01T12:00:00Z');
const config = { apiUrl: 'https://api.github.com', appId: 41001, installationId: 52002 };

function readClaims(jwt: string): { iat: number; exp: number; iss: string } {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

describe("the App's JWT", () => {
  it.each([
    ['PKCS#1', pkcs1],
    ['PKCS#8', pkcs8],
    ['escaped line ends', pkcs1.replace(/\n/g, '\\n')],
  ])('is signed by RS256 with a key in %s', (_name, pem) => {
    const [head = '', claims = '', signature = ''] = createAppJwt(41001, pem, now).jwt.split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'RS256', typ: 'JWT' });
    const signed = Buffer.from(`${head}.${claims}`);
    expect(verify('RSA-SHA256', signed, createPublicKey(privateKey), Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it.each([-90, -60, -59, 0, 59, 60, 90])(
    'holds for a clock of GitHub that differs by %i s as far as the vendor allows',
    (skew) => {
      const { iat, exp, iss } = readClaims(createAppJwt(41001, pkcs8, now).jwt);
      const theirs = now / 1000 + skew;
      expect(iss).toBe('41001');
      expect(now / 1000 - iat).toBe(60);
      expect(exp - now / 1000).toBe(540);
      // GitHub refuses an iat ahead of its clock and an exp more than ten minutes ahead of it.
      expect(iat <= theirs && exp - theirs <= 600).toBe(skew >= -60);
      expect(exp).toBeGreaterThan(theirs);
    },
  );

  it.each([
    ['no key', 'x'],
    ['only the first line', '-----BEGIN RSA PRIVATE KEY-----'],
    [
      'another kind of key',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
  ])('is refused for %s, without the key in the error', (_name, pem) => {
    let thrown: unknown;
    try {
      createAppJwt(41001, pem, now);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'GITHUB_KEY_INVALID' });
    expect(String(thrown)).not.toContain(pem.length > 1 ? pem : 'BEGIN');
  });
});

describe('the exchange for a token', () => {
  beforeAll(() => nock.disableNetConnect());
  afterEach(() => {
    expect(nock.pendingMocks()).toEqual([]);
    nock.cleanAll();
  });
  afterAll(() => nock.restore());

  const exchange = () => nock('https://api.github.com').post('/app/installations/52002/access_tokens');
  const authenticate = (apiUrl = config.apiUrl) => {
    const context = createTestContext({ config: { ...config, apiUrl }, keepsOwnAuthorization: true });
    return app.authenticate({ ...context, secret: { privateKey: pkcs1 }, now });
  };
  const answer = { token: 'ghs_test', expires_at: '2026-03-01T13:00:00Z', permissions: { issues: 'read' } };

  it('is signed with the time of the runtime and gives the expiry of GitHub', async () => {
    let authorization = '';
    exchange()
      .matchHeader('authorization', (value) => {
        authorization = String(value);
        return true;
      })
      .reply(201, answer);
    expect(await authenticate()).toEqual({
      headers: { authorization: 'Bearer ghs_test' },
      expiresAt: '2026-03-01T13:00:00Z',
    });
    expect(readClaims(authorization.replace(/^bearer /i, '')).exp).toBe(now / 1000 + 540);
  });

  it('goes to a GitHub Enterprise Server', async () => {
    nock('https://github.example.com').post('/api/v3/app/installations/52002/access_tokens').reply(201, answer);
    expect(await authenticate('https://github.example.com/api/v3/')).toMatchObject({
      headers: { authorization: 'Bearer ghs_test' },
    });
  });

  it.each([
    [401, { message: "'Issued at' claim ('iat') must be an Integer" }, {}, 'GITHUB_UNAUTHORIZED', 'failed'],
    [403, { message: 'This installation has been suspended' }, {}, 'GITHUB_FORBIDDEN', 'failed'],
    [404, { message: 'Not Found' }, {}, 'GITHUB_INSTALLATION_UNKNOWN', 'failed'],
    [429, { message: 'rate limited' }, { 'retry-after': '9' }, 'GITHUB_RATE_LIMITED', 'retryable'],
    [502, '', {}, 'GITHUB_UNAVAILABLE', 'retryable'],
  ])('words a %i', async (status, body, headers, code, kind) => {
    exchange().reply(status, body, headers);
    const error: unknown = await authenticate().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, kind });
    expect(error instanceof Error && error.cause).toBeUndefined();
  });
});
