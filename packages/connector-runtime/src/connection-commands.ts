import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { isConnectorError } from '@org/connector-sdk';
import { z } from 'zod';
import { type AdminClient, createAdminClient } from './admin-client.ts';
import { type AdminFlags, tenantPath, write } from './admin-flags.ts';
import { readGivenText } from './read-given-text.ts';
import { RuntimeError } from './types/errors.ts';

export interface ConnectionFlags extends AdminFlags {
  readonly connector?: string;
  readonly auth?: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly workspace?: string;
  readonly secrets?: string;
  readonly secretRef?: readonly string[];
  readonly open?: true;
  readonly wait?: true;
  readonly force?: true;
  readonly status?: string;
}

const POLL_MS = 2_000;

const view = z.looseObject({
  id: z.string(),
  tenantId: z.string(),
  name: z.string(),
  connector: z.string(),
  status: z.string(),
  credential: z.looseObject({ generation: z.number(), expiresAt: z.string().nullable() }).nullable(),
  health: z.looseObject({
    state: z.string(),
    reason: z.string().nullable(),
    nextStep: z.string().nullable(),
    unusable: z.array(z.string()),
  }),
});
type View = z.infer<typeof view>;
const begun = z.looseObject({ url: z.string(), redirectUri: z.string(), expiresAt: z.string() });

export async function createConnection(name: string, flags: ConnectionFlags): Promise<void> {
  const admin = createAdminClient(flags);
  const { connector, auth, workspace = await defaultWorkspace(admin, flags) } = flags;
  const config = { ...(await readObject(flags.config, '--config')), ...pairs(flags.set, toConfigValue) };
  const request = { workspaceId: workspace, name, connector, auth, config, secrets: await readSecrets(flags) };
  print(view.parse(await admin.request('POST', pathOf(flags), request)), flags);
}

export async function authorizeConnection(id: string, flags: ConnectionFlags): Promise<void> {
  const admin = createAdminClient(flags);
  const before = await fetchView(admin, id, flags);
  const { url, redirectUri, expiresAt } = begun.parse(await admin.request('POST', pathOf(flags, id, 'authorize'), {}));
  if (flags.json) write(JSON.stringify({ url, redirectUri, expiresAt }));
  else
    write(`${url}\n\nRedirect URI, to be registered at the provider: ${redirectUri}\nGood until ${expiresAt}, once.`);
  if (flags.open) openBrowser(url);
  if (!flags.wait) return;
  // The clock of this machine may differ; the runtime's decides whether the link still works.
  for (let waitedMs = 0; waitedMs < 600_000; waitedMs += POLL_MS) {
    await pause(POLL_MS);
    const now = await fetchView(admin, id, flags);
    if (!isNewer(before, now)) continue;
    print(now, flags);
    return;
  }
  throw new RuntimeError('OAUTH_STATE_MISMATCH', 'nobody agreed in time: the link is over; begin again');
}

export async function testConnection(id: string, flags: ConnectionFlags): Promise<void> {
  const admin = createAdminClient(flags);
  const answer = await admin.request('POST', pathOf(flags, id, 'test')).catch(async (error: unknown) => {
    throw await testFailure(admin, id, flags, error);
  });
  const { account } = z.looseObject({ account: z.string() }).parse(answer);
  write(flags.json ? JSON.stringify(answer) : `works, as ${account}`);
}

/** What the connector says, and what the runtime says to do about it. */
async function testFailure(admin: AdminClient, id: string, flags: ConnectionFlags, error: unknown): Promise<unknown> {
  if (!isConnectorError(error) || /^(?:ADMIN|CONFIG)_|^(?:CONNECTION|TENANT)_UNKNOWN$/.test(error.code)) return error;
  const { nextStep } = (await fetchView(admin, id, flags)).health;
  const next = nextStep === null || nextStep.startsWith(error.message) ? '' : `; next: ${nextStep}`;
  return new RuntimeError('CONNECTION_TEST_FAILED', `it does not work: ${error.message} (${error.code})${next}`);
}

export async function rotateConnection(id: string, flags: ConnectionFlags): Promise<void> {
  const request = { secrets: await readSecrets(flags) };
  print(view.parse(await createAdminClient(flags).request('PUT', pathOf(flags, id, 'credential'), request)), flags);
}

export async function switchConnection(id: string, verb: 'enable' | 'disable', flags: ConnectionFlags): Promise<void> {
  print(view.parse(await createAdminClient(flags).request('POST', pathOf(flags, id, verb))), flags);
}

export async function deleteConnection(id: string, flags: ConnectionFlags): Promise<void> {
  await createAdminClient(flags).request('DELETE', `${pathOf(flags, id)}${flags.force ? '?force=true' : ''}`);
  write(flags.json ? JSON.stringify({ deleted: id }) : `deleted ${id}`);
}

export async function listConnections(flags: ConnectionFlags): Promise<void> {
  const query = `?limit=500${flags.status === undefined ? '' : `&status=${flags.status}`}`;
  const path = flags.tenant === undefined ? '/connections' : pathOf(flags);
  const answer = await createAdminClient(flags).request('GET', `${path}${query}`);
  const { connections } = z.object({ connections: z.array(view) }).parse(answer);
  if (flags.json) write(JSON.stringify(connections));
  else
    for (const { id, name, connector, health } of connections) {
      write([id, health.state.padEnd(15), connector.padEnd(12), name, health.reason ?? ''].join('  ').trimEnd());
    }
}

export async function showConnection(id: string, flags: ConnectionFlags): Promise<void> {
  print(await fetchView(createAdminClient(flags), id, flags), flags);
}

async function fetchView(admin: AdminClient, id: string, flags: ConnectionFlags): Promise<View> {
  return view.parse(await admin.request('GET', pathOf(flags, id)));
}

function isNewer(before: View, now: View): boolean {
  return now.status === 'ready' && (now.credential?.generation ?? 0) > (before.credential?.generation ?? 0);
}

async function defaultWorkspace(admin: AdminClient, flags: ConnectionFlags): Promise<string> {
  const answer = await admin.request('GET', tenantPath(flags, 'workspaces'));
  const { workspaces } = z
    .object({ workspaces: z.array(z.looseObject({ id: z.string(), name: z.string() })) })
    .parse(answer);
  const found = workspaces.find(({ name }) => name === 'default') ?? workspaces[0];
  if (found) return found.id;
  throw new RuntimeError('WORKSPACE_UNKNOWN', 'the tenant has no workspace here; check --tenant');
}

function pathOf(flags: ConnectionFlags, id?: string, verb?: string): string {
  return tenantPath(flags, 'connections', id, verb);
}

async function readSecrets({ secrets, secretRef }: ConnectionFlags): Promise<Record<string, unknown>> {
  return { ...(await readObject(secrets, '--secrets')), ...pairs(secretRef, (ref) => ({ ref })) };
}

async function readObject(file: string | undefined, flag: string): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  const text = await readGivenText(file, flag);
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    // What is wrong with it could quote it.
    throw new RuntimeError('CONFIG_INVALID', `${file === '-' ? 'standard input' : file} is no JSON object`);
  }
}

function pairs<T>(given: readonly string[] | undefined, read: (text: string) => T): Record<string, T> {
  return Object.fromEntries(
    (given ?? []).map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new RuntimeError('CONFIG_INVALID', 'write it as name=value');
      return [pair.slice(0, at), read(pair.slice(at + 1))];
    }),
  );
}

function toConfigValue(text: string): string | number {
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}

/** Without a shell. That there may be no browser is no failure: the link was printed. */
function openBrowser(url: string): void {
  // What opens pages opens programs too.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return;
  const [program = '', ...args] = { darwin: ['open'], win32: ['rundll32', 'url.dll,FileProtocolHandler'] }[
    process.platform as string
  ] ?? ['xdg-open'];
  spawn(program, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}

function print(connection: View, { json }: ConnectionFlags): void {
  write(json ? JSON.stringify(connection) : describe(connection));
}

function describe(connection: View): string {
  const { id, name, connector, health, credential } = connection;
  const lines = [
    `${name} (${connector})  ${id}`,
    `state     ${health.state}${health.reason === null ? '' : `: ${health.reason}`}`,
    ...(health.nextStep === null ? [] : [`next      ${health.nextStep}`]),
    ...(health.unusable.length === 0 ? [] : [`unusable  ${health.unusable.join(', ')}`]),
    ...(credential?.expiresAt ? [`expires   ${credential.expiresAt}`] : []),
  ];
  return lines.join('\n');
}
