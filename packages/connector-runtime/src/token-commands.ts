import { z } from 'zod';
import { createAdminClient } from './admin-client.ts';
import { type AdminFlags, write } from './admin-flags.ts';
import { RuntimeError } from './types/errors.ts';

export interface TokenFlags extends AdminFlags {
  readonly role?: readonly string[];
  readonly expiresInDays?: string;
}

const view = z.looseObject({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  expiresAt: z.string(),
  lastUsedAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
});
const created = view.extend({ token: z.string() });

/** The token alone goes to standard output, so that it can be piped into where it is kept. */
export async function createToken(name: string, flags: TokenFlags): Promise<void> {
  const request = { name, roles: flags.role ?? [], expiresInSeconds: daysOf(flags) * 86_400 };
  const answer = created.parse(await createAdminClient(flags).request('POST', pathOf(flags), request));
  if (!flags.json) process.stderr.write(`${answer.id}, until ${answer.expiresAt}; it is not shown again\n`);
  write(flags.json ? JSON.stringify(answer) : answer.token);
}

export async function listTokens(flags: TokenFlags): Promise<void> {
  const answer = await createAdminClient(flags).request('GET', pathOf(flags));
  const { tokens } = z.object({ tokens: z.array(view) }).parse(answer);
  if (flags.json) return write(JSON.stringify(tokens));
  for (const { id, name, roles, expiresAt, lastUsedAt, revokedAt } of tokens) {
    const state = revokedAt === null ? `until ${expiresAt}` : `revoked ${revokedAt}`;
    write([id, name, roles.join(','), state, `last used ${lastUsedAt ?? 'never'}`].join('  '));
  }
}

export async function revokeToken(id: string, flags: TokenFlags): Promise<void> {
  await createAdminClient(flags).request('DELETE', `${pathOf(flags)}/${encodeURIComponent(id)}`);
  write(flags.json ? JSON.stringify({ revoked: id }) : `revoked ${id}`);
}

function pathOf({ tenant }: TokenFlags): string {
  return tenant === undefined ? '/tokens' : `/tenants/${encodeURIComponent(tenant)}/tokens`;
}

function daysOf({ expiresInDays = '90' }: TokenFlags): number {
  const days = Number(expiresInDays);
  if (/^\d+$/.test(expiresInDays) && days >= 1 && days <= 366) return days;
  throw new RuntimeError('CONFIG_INVALID', '--expires-in-days is a whole number from 1 to 366');
}
