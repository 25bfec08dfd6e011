import { z } from 'zod';
import { createAdminClient } from './admin-client.ts';
import { type AdminFlags, tenantPath, write } from './admin-flags.ts';
import { readGivenText } from './read-given-text.ts';
import { RuntimeError } from './types/errors.ts';

export interface EndpointFlags extends AdminFlags {
  readonly connection?: string;
  readonly trigger?: string;
  readonly approval?: string;
  readonly secret?: string;
  readonly overlapSeconds?: string;
}

const part = z.object({ id: z.string(), createdAt: z.string(), expiresAt: z.string().nullable() });
const view = z.looseObject({
  id: z.string(),
  connector: z.string(),
  purpose: z.object({ kind: z.string(), name: z.string() }),
  disabled: z.boolean(),
  addresses: z.array(part),
  secrets: z.array(part),
  lastAcceptedAt: z.string().nullable(),
});
type View = z.infer<typeof view>;
const made = z.looseObject({ endpointId: z.string(), url: z.string(), secret: z.string() });
const address = z.looseObject({ url: z.string(), earlierUntil: z.string() });
const secret = z.looseObject({ secretId: z.string(), secret: z.string(), earlierUntil: z.string() });

const ONCE = 'Not shown again: put it where it belongs now.';

export async function createEndpoint(flags: EndpointFlags): Promise<void> {
  const { connection: connectionId, trigger, approval } = flags;
  const name = trigger ?? approval;
  if (name === undefined) throw new RuntimeError('CONFIG_MISSING', 'say what it is for: --trigger or --approval');
  const purpose = { kind: trigger === undefined ? 'approval' : 'trigger', name };
  const request = { connectionId, purpose, ...(await readSecret(flags)) };
  const answer = await createAdminClient(flags).request('POST', pathOf(flags), request);
  const { endpointId, url, secret } = made.parse(answer);
  print(answer, flags, [`endpoint  ${endpointId}`, `address   ${url}`, `secret    ${secret}`, ONCE]);
}

export async function listEndpoints(flags: EndpointFlags): Promise<void> {
  const answer = await createAdminClient(flags).request('GET', pathOf(flags));
  const { endpoints } = z.object({ endpoints: z.array(view) }).parse(answer);
  print(
    endpoints,
    flags,
    endpoints.map(({ id, connector, purpose, disabled, lastAcceptedAt }) =>
      [
        id,
        disabled ? 'disabled' : 'enabled ',
        `${connector}.${purpose.name}`,
        lastAcceptedAt === null ? 'nothing accepted' : `last accepted ${lastAcceptedAt}`,
      ].join('  '),
    ),
  );
}

export async function showEndpoint(id: string, flags: EndpointFlags): Promise<void> {
  const endpoint = view.parse(await createAdminClient(flags).request('GET', pathOf(flags, id)));
  print(endpoint, flags, describe(endpoint));
}

export async function rotateAddress(id: string, flags: EndpointFlags): Promise<void> {
  const answer = await createAdminClient(flags).request('POST', pathOf(flags, id, 'rotate-address'), overlap(flags));
  const { url, earlierUntil } = address.parse(answer);
  print(answer, flags, [`address   ${url}`, ONCE, `Earlier ones work until ${earlierUntil} at the latest.`]);
}

export async function rotateSecret(id: string, flags: EndpointFlags): Promise<void> {
  const request = { ...overlap(flags), ...(await readSecret(flags)) };
  const answer = await createAdminClient(flags).request('POST', pathOf(flags, id, 'rotate-secret'), request);
  const { secretId, secret: value, earlierUntil } = secret.parse(answer);
  const until = `Earlier ones verify until ${earlierUntil} at the latest.`;
  print(answer, flags, [`id        ${secretId}`, `secret    ${value}`, ONCE, until]);
}

export async function removeSecret(id: string, secretId: string, flags: EndpointFlags): Promise<void> {
  await createAdminClient(flags).request('DELETE', pathOf(flags, id, 'secrets', secretId));
  print({ removed: secretId }, flags, [`removed ${secretId}`]);
}

export async function switchEndpoint(id: string, verb: 'enable' | 'disable', flags: EndpointFlags): Promise<void> {
  await createAdminClient(flags).request('POST', pathOf(flags, id, verb));
  await showEndpoint(id, flags);
}

function pathOf(flags: EndpointFlags, ...parts: readonly string[]): string {
  return tenantPath(flags, 'endpoints', ...parts);
}

function overlap({ overlapSeconds }: EndpointFlags): { overlapSeconds?: number } {
  if (overlapSeconds === undefined) return {};
  if (/^\d{1,9}$/.test(overlapSeconds)) return { overlapSeconds: Number(overlapSeconds) };
  throw new RuntimeError('CONFIG_INVALID', '--overlap-seconds takes whole seconds, 0 or more');
}

/** Without the end of line that editors and `echo` leave. */
async function readSecret({ secret: file }: EndpointFlags): Promise<{ secret?: string }> {
  return file === undefined ? {} : { secret: (await readGivenText(file, '--secret')).replace(/\r?\n$/, '') };
}

function describe({ id, connector, purpose, disabled, addresses, secrets, lastAcceptedAt }: View): string[] {
  const parts = (name: string, of: View['secrets']) =>
    of.map((one) => `${name}  ${one.id}  ${one.expiresAt === null ? 'current' : `until ${one.expiresAt}`}`);
  return [
    `${connector}.${purpose.name} (${purpose.kind})  ${id}`,
    `state    ${disabled ? 'disabled' : 'enabled'}`,
    ...parts('address', addresses),
    ...parts('secret ', secrets),
    `last     ${lastAcceptedAt ?? 'nothing accepted, or nothing that is still kept'}`,
  ];
}

function print(answer: unknown, { json }: EndpointFlags, lines: readonly string[]): void {
  if (json) write(JSON.stringify(answer));
  else if (lines.length > 0) write(lines.join('\n'));
}
