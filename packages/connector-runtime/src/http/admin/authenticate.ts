import { createHash, timingSafeEqual } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import type { ApiTokens, TokenHolder } from '../../api-tokens/index.ts';
import { RuntimeError } from '../../types/errors.ts';
import type { AdminEnv } from './admin-env.ts';
import type { AdminToken } from './ports.ts';

const MIN_TOKEN_CHARACTERS = 32;

/**
 * Lets a request pass when its bearer token is one of `tokens` (of the config: whole deployment, every role) or a stored one;
 * every other is refused, whatever it asks for.
 *
 * @throws RuntimeError `CONFIG_INVALID` for a token under 32 characters, or for none at all
 */
export function createAuthentication(tokens: readonly AdminToken[], stored: Pick<ApiTokens, 'holderOf'>) {
  if (tokens.length === 0 || tokens.some(({ token }) => token.reveal().length < MIN_TOKEN_CHARACTERS)) {
    throw new RuntimeError(
      'CONFIG_INVALID',
      `the admin API needs a token of at least ${MIN_TOKEN_CHARACTERS} characters: openssl rand -base64 32`,
    );
  }
  const known = tokens.map(({ name, token }) => ({ holder: rootOf(name), digest: sha256(token.reveal()) }));
  return createMiddleware<AdminEnv>(async (c, next) => {
    const given = /^Bearer ([\x21-\x7e]{1,1000})$/.exec(c.req.header('authorization') ?? '')?.[1];
    const digest = sha256(given ?? '');
    // Every token is compared, in constant time: neither its bytes nor its place in the list show.
    const [configured] = known.filter((token) => timingSafeEqual(token.digest, digest));
    const holder = configured?.holder ?? (await stored.holderOf(given ?? ''));
    if (given === undefined || holder === undefined) {
      throw new RuntimeError('ADMIN_UNAUTHORIZED', 'send a valid admin token: Authorization: Bearer <token>');
    }
    c.set('holder', holder);
    c.header('cache-control', 'no-store');
    await next();
  });
}

const rootOf = (name: string): TokenHolder => ({
  actor: `admin:${name}`,
  roles: ['admin', 'security-admin'],
  tenantId: undefined,
});

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
