import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ServiceNowEmulator, startServiceNowEmulator } from './servicenow-emulator.ts';
import { createTokenIssuer } from './token-issuer.ts';

let emulator: ServiceNowEmulator;
let now = 0;
const basic = { user: 'connector.integration', password: 'test-only-password' };
const tokenSchema = z.object({
  scope: z.literal('useraccount'),
  token_type: z.literal('Bearer'),
  expires_in: z.literal(1800),
  refresh_token: z.string().optional(),
  access_token: z.string(),
});

beforeAll(async () => {
  emulator = await startServiceNowEmulator({ basic, clock: () => now });
});
beforeEach(async () => {
  now = Date.UTC(2026, 10, 22);
  await emulator.reset();
});
afterAll(() => emulator.close());

function ask(form: Record<string, string>): Promise<Response> {
  const client = { client_id: emulator.oauth.clientId, client_secret: emulator.oauth.clientSecret };
  return fetch(`${emulator.url}/oauth_token.do`, { method: 'POST', body: new URLSearchParams({ ...client, ...form }) });
}

async function readStatus(accessToken: string): Promise<number> {
  const headers = { authorization: `Bearer ${accessToken}` };
  return (await fetch(`${emulator.url}/api/now/table/incident?sysparm_limit=1`, { headers })).status;
}

const refreshToken = () => emulator.oauth.refreshToken ?? '';

describe('the token endpoint', () => {
  it.each([
    ['refresh_token', () => ({ refresh_token: refreshToken() })],
    ['client_credentials', () => ({})],
    ['password', () => ({ username: basic.user, password: basic.password })],
  ])('issues a working token for %s', async (grant_type, form) => {
    const token = tokenSchema.parse(await (await ask({ grant_type, ...form() })).json());
    expect(await readStatus(token.access_token)).toBe(200);
  });

  it('takes the client as HTTP Basic as well', async () => {
    const pair = Buffer.from(`${emulator.oauth.clientId}:${emulator.oauth.clientSecret}`).toString('base64');
    const body = new URLSearchParams({ grant_type: 'client_credentials' });
    const response = await fetch(`${emulator.url}/oauth_token.do`, {
      method: 'POST',
      headers: { authorization: `Basic ${pair}` },
      body,
    });
    expect(response.status).toBe(200);
  });

  it.each([
    ['a wrong client secret', { grant_type: 'client_credentials', client_secret: 'nope' }],
    ['a wrong refresh token', { grant_type: 'refresh_token', refresh_token: 'nope' }],
    ['a wrong password', { grant_type: 'password', username: 'connector.integration', password: 'nope' }],
  ])('refuses %s', async (_name, form) => {
    const response = await ask(form);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: 'access_denied' });
  });

  it('refuses a grant it does not know', async () => {
    expect((await ask({ grant_type: 'implicit' })).status).toBe(400);
  });

  it('ends an access token after 1800 seconds', async () => {
    const token = tokenSchema.parse(await (await ask({ grant_type: 'client_credentials' })).json());
    now += 1_799_999;
    expect(await readStatus(token.access_token)).toBe(200);
    now += 1;
    expect(await readStatus(token.access_token)).toBe(401);
  });

  it('revokes access tokens, and refresh tokens when asked', async () => {
    const grant = { grant_type: 'refresh_token', refresh_token: refreshToken() };
    const token = tokenSchema.parse(await (await ask(grant)).json());
    emulator.revokeTokens();
    expect(await readStatus(token.access_token)).toBe(401);
    expect((await ask(grant)).status).toBe(200);
    emulator.revokeTokens({ refreshTokens: true });
    expect((await ask(grant)).status).toBe(401);
  });
});

describe('what a refresh answers', () => {
  const client = { clientId: 'id', clientSecret: 'secret', refreshToken: 'first' };
  const refresh = async (issuer: ReturnType<typeof createTokenIssuer>, refresh_token: string) => {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'id',
      client_secret: 'secret',
      refresh_token,
    });
    return issuer.answer(form, undefined);
  };

  it('is the same refresh token by default', async () => {
    const answer = await refresh(createTokenIssuer(client, undefined, Date.now), 'first');
    expect(tokenSchema.parse(await answer.json()).refresh_token).toBe('first');
  });

  it('is a new one that ends the old one under "rotate"', async () => {
    const issuer = createTokenIssuer({ ...client, refreshReply: 'rotate' }, undefined, Date.now);
    const rotated = tokenSchema.parse(await (await refresh(issuer, 'first')).json()).refresh_token ?? '';
    expect((await refresh(issuer, 'first')).status).toBe(401);
    expect((await refresh(issuer, rotated)).status).toBe(200);
  });

  it('is none under "omit", and the old one stays good', async () => {
    const issuer = createTokenIssuer({ ...client, refreshReply: 'omit' }, undefined, Date.now);
    expect(tokenSchema.parse(await (await refresh(issuer, 'first')).json()).refresh_token).toBeUndefined();
    expect((await refresh(issuer, 'first')).status).toBe(200);
  });
});
