import { RuntimeError } from '../types/errors.ts';

/** The role that the runtime's queries run as: it owns nothing and row-level security binds it. */
export const APP_ROLE = 'connector_app';

/** Throws `CONFIG_INVALID`; the message never has the URL in it, which may hold a password. */
function parseDatabaseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new RuntimeError('CONFIG_INVALID', 'The database URL must look like postgres://user:password@host:5432/name');
  }
  return url;
}

/** `host:port/name`, for messages. */
export function describeDatabase(text: string): string {
  const url = parseDatabaseUrl(text);
  return `${url.host || url.searchParams.get('host') || 'localhost'}${url.pathname}`;
}

/**
 * The URL with start-up settings that make each connection the runtime's own role over all tenants. They come after options
 * that the URL already has, and so win over them; `pg` would let the URL's options replace options given beside it.
 */
export function appUrl(text: string): string {
  const url = parseDatabaseUrl(text);
  const ours = `-c role=${APP_ROLE} -c connector.tenant=*`;
  const theirs = url.searchParams.get('options');
  url.searchParams.set('options', theirs === null ? ours : `${theirs} ${ours}`);
  return url.toString();
}
