import { execFile, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { packArtifact } from '@org/connector-artifact';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../src/store/test-database.ts';
import { type LoopbackServer, serveLoopback } from './loopback-server.ts';
import { newSigner, signedProbe, trustBytes } from './probe-connector/signed-probe.ts';

const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const adminToken = randomBytes(32).toString('base64url');
const secret = randomBytes(24).toString('base64url');

const first = `await write('before'); await go(); await write('after');`;
/** What each deploy brings: three workflows of one trigger, changed in different ways. */
const deploys = {
  1: codeOf(1, { same: first, patched: first, unfit: first }),
  2: codeOf(2, {
    same: `${first} await write('later');`,
    patched: `
      await write('before');
      if (await patch('check')) await write('checked');
      await go();
      await write((await patch('louder')) ? 'loud' : 'after');`,
    unfit: `await write('renamed'); await go(); await write('after');`,
  }),
  3: codeOf(3, { same: first, patched: first, unfit: first }),
} as const;

/** The code of one version: what each of its workflows does once a ticket happened. */
function codeOf(version: number, bodies: Readonly<Record<'same' | 'patched' | 'unfit', string>>): string {
  const workflows = Object.entries(bodies).map(
    ([name, body]) => `{ name: '${name}', on: 'probe.happened', version: ${version}, async run(context) {
      const { event, action, waitFor, patch } = context;
      if (event.data.note !== 'ticket') return 'nothing to do';
      const write = (key) => action('probe.write', { target: '/${name}/' + key }, { key });
      const go = () => waitFor('probe.happened', { key: 'go', match: { note: 'go', id: event.data.id + '-go' } });
      ${body}
      return { startedWith: context.version };
    } }`,
  );
  return `export const workflows = [${workflows.join(',\n')}];`;
}

interface Node {
  readonly url: string;
  stop(): Promise<void>;
}

let folder: string;
let database: TestDatabase;
let saas: LoopbackServer;
let node: Node;
let tenantId: string;
let hook: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changed-workflow-'));
  const signer = newSigner();
  await writeFile(join(folder, 'trust.json'), trustBytes(signer));
  await writeFile(join(folder, 'probe.tgz'), packArtifact(await signedProbe(signer)));
  database = await createTestDatabase();
  saas = await serveLoopback((_request, response) => response.end('{}'));
  const config = {
    port: 0,
    publicUrl: 'http://127.0.0.1',
    database: { url: database.store.url.reveal() },
    masterKey: randomBytes(32).toString('base64'),
    admin: { token: adminToken },
    trust: './trust.json',
    artifacts: ['./probe.tgz'],
    egress: { allowPrivate: ['127.0.0.1'] },
    log: { level: 'error' },
  };
  for (const [version, code] of Object.entries(deploys)) {
    await writeFile(join(folder, `workflows-${version}.mjs`), code);
    const text = `import { workflows } from './workflows-${version}.mjs';
      export default { ...${JSON.stringify(config)}, workflows };`;
    await writeFile(join(folder, `config-${version}.mjs`), text);
  }
});
afterAll(async () => {
  await node?.stop();
  await saas?.close();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

/** `connector-runtime serve`, in a process of its own. */
async function deploy(version: keyof typeof deploys): Promise<Node> {
  const config = join(folder, `config-${version}.mjs`);
  const args = ['--conditions=@org/source', cli, 'serve', '--config', config, '--json'];
  const child = spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  const line = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
  const ended = gone.then(([code]) => Promise.reject(new Error(`version ${version} ended with ${code}`)));
  const [ready] = await Promise.race([line, ended]);
  ended.catch(() => undefined);
  return {
    url: (JSON.parse(ready) as { url: string }).url,
    async stop() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function admin(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  const answer = await fetch(`${node.url}/admin/v1${path}`, init);
  expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true);
  return (await answer.json()) as Record<string, unknown>;
}

/** `connector-runtime run …`, as an administrator types it. */
function run(...args: string[]): Promise<{ code: number; out: string }> {
  const env = { ADMIN_TOKEN: adminToken, CONNECTOR_RUNTIME_URL: node.url, CONNECTOR_TENANT: tenantId };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--conditions=@org/source', cli, 'run', ...args], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out: `${out}${err}` }),
    );
  });
}

async function send(id: string, note: 'ticket' | 'go'): Promise<void> {
  const body = JSON.stringify({ events: [{ id, note }] });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
  expect((await fetch(`${node.url}/hooks/${hook}`, { method: 'POST', headers, body })).ok).toBe(true);
}

async function setUp(): Promise<void> {
  const tenant = await admin('POST', '/tenants', { name: 'acme' });
  tenantId = String(tenant.id);
  const { artifacts } = (await admin('GET', '/artifacts')) as { artifacts: { digest: string }[] };
  await admin('POST', `/tenants/${tenantId}/enablements`, { digest: artifacts[0]?.digest });
  const connection = await admin('POST', `/tenants/${tenantId}/connections`, {
    workspaceId: tenant.workspaceId,
    name: 'probe',
    connector: 'probe',
    config: { url: saas.url },
    auth: 'key',
    secrets: { key: 'a-key-of-this-test' },
  });
  const purpose = { kind: 'trigger', name: 'happened' };
  const endpoint = await admin('POST', `/tenants/${tenantId}/endpoints`, {
    connectionId: connection.id ?? connection.connectionId,
    purpose,
    secret,
  });
  hook = String(endpoint.token);
}

/** The runs of the ticket, by workflow. */
async function ticketRuns() {
  const rows = await database.db
    .selectFrom('connector.runs as r')
    .innerJoin('connector.events as e', 'e.id', 'r.event_id')
    .select(['r.id', 'r.workflow', 'r.status', 'r.result', 'r.error'])
    .where('e.event_key', '=', 'T1')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.workflow, row]));
}

const statuses = async () => {
  const { same, patched, unfit } = await ticketRuns();
  return [same?.status, patched?.status, unfit?.status];
};
const writes = (workflow: string) =>
  saas.requests.map(({ path }) => path).filter((path) => path.startsWith(`/${workflow}/`));
const eventually = { timeout: 60_000 };

it('a run of version 1 finishes after a deploy of version 2: unchanged, with patch, or stopped and resumed', {
  timeout: 300_000,
}, async () => {
  node = await deploy(1);
  await setUp();
  await send('T1', 'ticket');
  await expect.poll(statuses, eventually).toEqual(['waiting', 'waiting', 'waiting']);
  await node.stop();

  node = await deploy(2);
  await send('T1-go', 'go');
  await expect.poll(statuses, eventually).toEqual(['completed', 'completed', 'diverged']);
  const { same, patched, unfit } = await ticketRuns();
  expect([same?.result, patched?.result]).toEqual([{ startedWith: 1 }, { startedWith: 1 }]);
  expect(unfit?.error?.message).toMatch(/does not fit .* at step before: .* is not asked for; .* at step renamed/);
  const id = unfit?.id ?? '';
  expect((await run('list', '--status', 'diverged')).out).toContain(id);
  expect((await run('show', id)).out).toMatch(/next {2}deploy a version of the workflow that fits, then run resume/);
  await node.stop();

  node = await deploy(3);
  expect(await run('resume', id)).toEqual({ code: 0, out: `${id} goes on where it was\n` });
  await expect.poll(statuses, eventually).toEqual(['completed', 'completed', 'completed']);
  expect(await run('resume', id)).toMatchObject({ code: 2, out: expect.stringContaining('RUN_NOT_DIVERGED') });
  expect(await run('cancel', id, '--reason', 'late')).toMatchObject({ out: expect.stringContaining('RUN_FINISHED') });

  expect(writes('same')).toEqual(['/same/before', '/same/after', '/same/later']);
  expect(writes('patched')).toEqual(['/patched/before', '/patched/loud']);
  expect(writes('unfit')).toEqual(['/unfit/before', '/unfit/after']);
});
