import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { createKeySigner, generateKeyPair, packArtifact, readArtifact, signArtifact } from '@org/connector-artifact';
import {
  type GitHubEmulator,
  type ServiceNowEmulator,
  type SlackEmulator,
  startGitHubEmulator,
  startServiceNowEmulator,
  startSlackEmulator,
} from '@org/connector-testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseRuntimeOptions } from '../src/config.ts';
import { createRuntime, type Runtime } from '../src/runtime.ts';
import { createTestDatabase, type TestDatabase } from '../src/store/test-database.ts';
import { serveLoopback } from './loopback-server.ts';
import { type OidcServer, serveOidc } from './oidc-server.ts';
import { type SlackInstall, serveSlackInstall } from './slack-install.ts';

const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const adminToken = randomBytes(32).toString('base64url');
const basic = { user: 'connector', password: 'basic-canary' };
const client = { id: 'app-1', secret: 'app-secret-canary' };

let folder: string;
let database: TestDatabase;
let runtime: Runtime;
let http: ServerType;
let url: string;
let tenantId: string;
let workspaceId: string;
let emulators: { servicenow: ServiceNowEmulator; slack: SlackEmulator; github: GitHubEmulator };
let instance: OidcServer;
let slack: SlackInstall;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connections-'));
  const [servicenow, slackEmulator, github] = await Promise.all([
    startServiceNowEmulator({ basic }),
    startSlackEmulator(),
    startGitHubEmulator(),
  ]);
  emulators = { servicenow, slack: slackEmulator, github };
  instance = await serveInstance(servicenow);
  slack = await serveSlackInstall(slackEmulator, client);
  database = await createTestDatabase();
  http = createAdaptorServer({
    fetch: (request, env) => runtime.fetch(request, env as never),
    overrideGlobalObjects: false,
  });
  http.listen(new URL(callback).port ? Number(new URL(callback).port) : 0, '127.0.0.1');
  await once(http, 'listening');
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  await startRuntime();
});
afterAll(async () => {
  http?.close();
  await runtime?.stop();
  await Promise.all([instance?.close(), slack?.close()]);
  await Promise.all(Object.values(emulators ?? {}).map((emulator) => emulator.close()));
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The client's redirect URI has to be known before the server of it is there. */
let callback = '';

/** A ServiceNow instance whose OAuth is a certified server with rotation, and whose API is the emulator's. */
async function serveInstance(emulator: ServiceNowEmulator): Promise<OidcServer> {
  const reserved = createAdaptorServer({ fetch: () => new Response() });
  reserved.listen(0, '127.0.0.1');
  await once(reserved, 'listening');
  const { port } = reserved.address() as AddressInfo;
  await new Promise((resolve) => reserved.close(resolve));
  callback = `http://127.0.0.1:${port}/oauth/callback`;
  const authorization = `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;
  return serveOidc({
    clients: (at) => [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [`${callback}/${new URL(at).host}`],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_post',
        application_type: 'native',
      },
    ],
    scopes: ['useraccount'],
    configuration: { routes: { authorization: '/oauth_auth.do', token: '/oauth_token.do' } },
    api: (path) => fetch(new URL(path, emulator.url), { headers: { authorization, accept: 'application/json' } }),
  });
}

async function startRuntime(): Promise<void> {
  const pair = generateKeyPair();
  const signer = createKeySigner(pair.privateKeyPem);
  const names = ['servicenow', 'slack', 'github'];
  for (const name of names) {
    const unsigned = await readArtifact(fileURLToPath(new URL(`../../connector-${name}/artifact`, import.meta.url)));
    const signed = await signArtifact(unsigned, signer, { signedAt: new Date() });
    await writeFile(join(folder, `${name}.tgz`), packArtifact(signed));
  }
  const key = { keyId: pair.keyId, publicKey: pair.publicKeyPem, validFrom: '2020-01-01T00:00:00Z' };
  const trust = { trustVersion: 1, publishers: { org: { keys: [key], allow: names } } };
  await writeFile(join(folder, 'trust.json'), JSON.stringify(trust));
  const config = {
    port: 0,
    publicUrl: url,
    database: { url: database.store.url.reveal() },
    masterKey: randomBytes(32).toString('base64'),
    admin: { token: adminToken },
    trust: './trust.json',
    workflows: [{ name: 'seen', on: 'servicenow.incident-changed', run: async () => undefined }],
    // Only when it is asked for: requests are counted here.
    polling: { enabled: false },
    artifacts: names.map((name) => `./${name}.tgz`),
    egress: { allowPrivate: ['127.0.0.1'] },
    log: { level: 'silent' },
  };
  runtime = await createRuntime(parseRuntimeOptions(config, join(folder, 'config.mjs')));
  await runtime.start();
  const tenant = await runtime.admin.tenants.createTenant({ name: 'acme', by: 'test' });
  ({ id: tenantId, workspaceId } = tenant);
  for (const artifact of (await runtime.admin.artifacts.list()) as { digest: string }[]) {
    await runtime.admin.tenants.enable(tenantId, artifact.digest, 'test');
  }
}

interface Answer {
  readonly id: string;
  readonly url: string;
  readonly redirectUri: string;
  readonly health: { readonly unusable: readonly string[] };
}

/** `connector-runtime connection …`, as an administrator types it. */
function connection(args: readonly string[], input: object = {}): Promise<{ code: number; out: string; err: string }> {
  return command(['connection', ...args], input);
}

function command(args: readonly string[], input: object = {}): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--conditions=@org/source', cli, ...args],
      { env: { ADMIN_TOKEN: adminToken, CONNECTOR_RUNTIME_URL: url, CONNECTOR_TENANT: tenantId } },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
    child.stdin?.end(JSON.stringify(input));
  });
}

async function json(args: readonly string[], input: object = {}): Promise<Answer> {
  const { code, out, err } = await connection([...args, '--json'], input);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Answer;
}

describe('ServiceNow, with OAuth by a person', () => {
  let id: string;
  const secrets = {
    clientId: client.id,
    clientSecret: client.secret,
    // The instance would give tokens to the client alone as well.
    grant: 'authorization_code',
    scope: 'useraccount',
  };

  it('is made, authorized and tested from the command line', async () => {
    const create = ['create', 'now', '--connector', 'servicenow', '--auth', 'oauth2', '--secrets', '-'];
    const made = await json([...create, '--set', `instanceUrl=${instance.url}`], secrets);
    expect(made).toMatchObject({ status: 'reauth_required', statusReason: 'not_authorized' });
    expect(JSON.stringify(made)).not.toContain('canary');
    ({ id } = made);
    expect(await connection(['test', id])).toMatchObject({
      code: 1,
      err: expect.stringContaining('CONNECTION_REAUTH_REQUIRED'),
    });
    const begun = await json(['authorize', id]);
    expect(begun.redirectUri).toBe(`${url}/oauth/callback/${new URL(instance.url).host}`);
    const back = await fetch(await instance.visit(begun.url));
    expect(back.status).toBe(200);
    const { code, out } = await connection(['test', id]);
    expect({ code, out }).toEqual({ code: 0, out: `works, as ${new URL(instance.url).host}\n` });
    expect((await connection(['show', id])).out).toContain('state     ready');
  });

  it('reads through its grant, also after a rotation of it', async () => {
    const read = () =>
      runtime.invoke({
        tenantId,
        workspaceId,
        action: 'servicenow.get-incident',
        input: { number: 'INC0010001' },
        by: 'test',
      });
    expect(await read()).toMatchObject({ status: 'completed' });
    const before = instance.requests.length;
    expect(await json(['rotate', id, '--secrets', '-'], secrets)).toMatchObject({ status: 'ready' });
    expect(await read()).toMatchObject({ status: 'completed' });
    expect(instance.requests).toHaveLength(before);
  });

  it('is disabled, enabled, listed and deleted', async () => {
    expect(await json(['disable', id])).toMatchObject({ status: 'disabled' });
    expect((await connection(['test', id])).code).toBe(1);
    expect((await connection(['list', '--status', 'disabled'])).out).toContain(id);
    expect(await json(['enable', id])).toMatchObject({ health: { state: 'ready' } });
    expect((await connection(['delete', id])).code).toBe(0);
    expect(await connection(['show', id])).toMatchObject({
      code: 2,
      err: expect.stringContaining('CONNECTION_UNKNOWN'),
    });
    expect((await connection(['list'])).out).not.toContain(id);
  });

  it('connects by client credentials through the emulator’s own token endpoint as well', async () => {
    const { clientId, clientSecret } = emulators.servicenow.oauth;
    const create = ['create', 'service', '--connector', 'servicenow', '--auth', 'oauth2', '--secrets', '-'];
    const made = await json([...create, '--set', `instanceUrl=${emulators.servicenow.url}`], {
      clientId,
      clientSecret,
    });
    expect(made).toMatchObject({ status: 'ready' });
    expect(await connection(['test', made.id])).toMatchObject({ code: 0 });
  });

  it('is polled from the command line, and says what was found', async () => {
    const connections = await runtime.admin.tenants.listConnections(tenantId, { limit: 10 });
    const { id: service = '' } = connections.find(({ name }) => name === 'service') ?? {};
    const reconcile = () => command(['polling', 'reconcile', service, 'servicenow.incident-changed']);
    expect(await reconcile()).toMatchObject({ code: 0, out: expect.stringMatching(/^0 seen in 1 pages: 0 new/) });
    await emulators.servicenow.changeIncident('INC0010002', { urgency: '1' });
    expect((await reconcile()).out).toContain('1 new, 0 known; 1 runs');
    expect((await reconcile()).out).toContain('0 new, 1 known; 0 runs');
    expect((await command(['polling', 'list'])).out).toMatch(
      new RegExp(`${service}  service  servicenow.incident-changed`),
    );
    const unknown = await command(['polling', 'reconcile', service, 'servicenow.other']);
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('TRIGGER_UNKNOWN') });
  });
});

describe('Slack, installed by a person', () => {
  const secrets = { clientId: client.id, clientSecret: client.secret };
  const create = async (name: string, teamId: string) => {
    const set = ['--set', `apiUrl=${slack.apiUrl}`, `teamId=${teamId}`];
    return json(['create', name, '--connector', 'slack', '--auth', 'oauth2', ...set, '--secrets', '-'], secrets);
  };
  const agree = async (id: string) => {
    const { url: link } = await json(['authorize', id]);
    return fetch(link);
  };

  it('works with what was granted, and says what was not', async () => {
    slack.withhold(['groups:history']);
    const { id } = await create('chat', emulators.slack.team.id);
    expect((await agree(id)).status).toBe(200);
    slack.withhold([]);
    const shown = await json(['show', id]);
    expect(shown).toMatchObject({ status: 'ready', health: { state: 'degraded', missingScopes: ['history.read'] } });
    expect(shown.health.unusable).toContain('post-message');
    await runtime.admin.tenants.setPolicy({
      tenantId,
      text: '@id("all") permit (principal, action, resource);',
      by: 'test',
    });
    const answer = await runtime.invoke({
      ...{ tenantId, workspaceId, action: 'slack.post-message', by: 'test', connection: 'chat' },
      input: { channel: 'C0123456789', text: 'hello' },
    });
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'CONNECTION_SCOPE_MISSING' } });
    expect(emulators.slack.effects.posts).toBe(0);
    expect((await agree(id)).status).toBe(200);
    expect(await json(['show', id])).toMatchObject({ health: { state: 'ready', missingScopes: [] } });
  });

  it('of another workspace than the config names is not used', async () => {
    const { id } = await create('foreign', 'T0FOREIGN');
    await agree(id);
    expect(await json(['show', id])).toMatchObject({
      status: 'reauth_required',
      statusReason: 'wrong_account: SLACK_TEAM_MISMATCH',
    });
  });
});

describe('GitHub, as an App', () => {
  const create = async (name: string, installationId: number, privateKey: string, apiUrl = emulators.github.url) => {
    const { appId } = emulators.github.app;
    const set = ['--set', `apiUrl=${apiUrl}`, `appId=${appId}`, `installationId=${installationId}`];
    const made = await json(['create', name, '--connector', 'github', '--auth', 'app', ...set, '--secrets', '-'], {
      privateKey,
    });
    return made.id;
  };

  it('connects with a token per installation, made once and kept until shortly before its end', async () => {
    const { installationId, privateKeyPem } = emulators.github.app;
    const id = await create('app', installationId, privateKeyPem);
    for (let times = 0; times < 3; times += 1) expect(await connection(['test', id])).toMatchObject({ code: 0 });
    expect(emulators.github.effects.tokens).toBe(1);
    emulators.github.revokeTokens();
    expect(await connection(['test', id])).toMatchObject({ code: 0 });
    expect(emulators.github.effects.tokens).toBe(2);
  });

  it('is refused a foreign installation, and one under another key (pitfall 35)', async () => {
    const { installationId, privateKeyPem } = emulators.github.app;
    // As GitHub answers for an installation that is not of this App; the emulator has one App only.
    const strict = await serveLoopback((_, response) => void response.writeHead(404).end('{"message":"Not Found"}'));
    onTestFinished(strict.close);
    const stolen = await create('stolen', installationId + 1, privateKeyPem, strict.url);
    expect(await connection(['test', stolen])).toMatchObject({
      code: 1,
      err: expect.stringContaining('GITHUB_INSTALLATION_UNKNOWN'),
    });
    expect(strict.requests.map(({ path }) => path)).toEqual([`/app/installations/${installationId + 1}/access_tokens`]);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const forged = await create(
      'forged',
      installationId,
      privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    );
    expect(await connection(['test', forged])).toMatchObject({
      code: 1,
      err: expect.stringContaining('GITHUB_UNAUTHORIZED'),
    });
    expect(emulators.github.effects.tokens).toBe(2);
  });
});

describe('the command', () => {
  it('says in one line what is missing, and keeps the token out of it', async () => {
    const run = (env: Record<string, string>) =>
      new Promise<{ code: number; err: string }>((resolve) => {
        execFile(
          process.execPath,
          ['--conditions=@org/source', cli, 'connection', 'list'],
          { env },
          (error, _out, err) => resolve({ code: error === null ? 0 : Number(error.code), err }),
        );
      });
    expect(await run({ ADMIN_TOKEN: adminToken })).toMatchObject({
      code: 2,
      err: expect.stringContaining('CONFIG_MISSING'),
    });
    expect(await run({ CONNECTOR_RUNTIME_URL: url })).toMatchObject({
      code: 2,
      err: expect.stringContaining('CONFIG_MISSING'),
    });
    const refused = await run({ CONNECTOR_RUNTIME_URL: url, ADMIN_TOKEN: 'x'.repeat(40) });
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('ADMIN_UNAUTHORIZED') });
    expect(refused.err).not.toContain('xxxx');
    const nobody = await run({ CONNECTOR_RUNTIME_URL: 'http://127.0.0.1:1', ADMIN_TOKEN: adminToken });
    expect(nobody).toMatchObject({ code: 3, err: expect.stringContaining('ADMIN_UNREACHABLE') });
  });
});
