import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LoopbackServer, serveLoopback } from '../../e2e/loopback-server.ts';
import { type OidcServer, serveOidc } from '../../e2e/oidc-server.ts';
import { createOAuthBench, type OAuthBench, oauthManifest, PUBLIC_URL } from '../test-oauth-bench.ts';

let bench: OAuthBench;
let honest: OidcServer;
let evil: LoopbackServer;
let published: Record<string, unknown> = {};

beforeAll(async () => {
  bench = await createOAuthBench();
  honest = await serveOidc({
    scopes: ['data:read', 'data:write'],
    clients: (url) => [
      {
        client_id: 'acme-app',
        redirect_uris: [`${PUBLIC_URL}/oauth/callback/${new URL(url).host}`],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
    ],
  });
  evil = await serveLoopback((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(published));
  });
});
afterAll(async () => {
  await evil?.close();
  await honest?.close();
  await bench?.close();
});

let tenants = 0;
async function begin(endpoints: Record<string, unknown>) {
  tenants += 1;
  published = { issuer: evil.url, token_endpoint: `${evil.url}/token`, ...endpoints };
  const tenant = await bench.seed(`evil ${tenants}`, oauthManifest());
  // Discovered servers are remembered by their issuer.
  bench.time.now += 3_600_001;
  const { id } = await tenant.connect('https://nowhere.example', { clientId: 'acme-app', issuer: evil.url });
  return bench.flow.begin({ tenantId: tenant.tenantId, connectionId: id, by: bench.by });
}

it('an issuer that sends people to another server’s page gets an address of its own (RFC 9700 4.4)', async () => {
  const { redirectUri } = await begin({ authorization_endpoint: `${honest.url}/auth` });
  // What the honest server has registered for its clients, and would send their codes to.
  expect(redirectUri).not.toBe(`${PUBLIC_URL}/oauth/callback/${new URL(honest.url).host}`);
  expect(redirectUri).toBe(`${PUBLIC_URL}/oauth/callback/${new URL(evil.url).host}`);
});

it.each(['javascript:alert(1)//', 'file:///etc/passwd', 'data:text/html,x', 'ftp://files.example/', 'x', '/auth'])(
  'an issuer whose page is %s gives no link that a browser could open',
  async (page) => {
    await expect(begin({ authorization_endpoint: page })).rejects.toMatchObject({ code: 'OAUTH_DISCOVERY_FAILED' });
  },
);
