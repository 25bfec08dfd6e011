import { createMiddleware } from 'hono/factory';
import type { TokenHolder } from '../../api-tokens/index.ts';
import type { Log } from '../../types/log.ts';
import type { ClientAddress } from '../client-address.ts';
import type { AdminEnv } from './admin-env.ts';

/**
 * One line per request to the admin API: who, from where, what, and how it ended. Reads are told at `debug`, changes at `info`,
 * strangers at `warn`, without what they asked for.
 */
export function createAccessLog(log: Log, clientAddress: ClientAddress) {
  return createMiddleware<AdminEnv>(async (c, next) => {
    await next();
    const client = clientAddress(c.req.raw, c.env);
    const holder = c.get('holder') as TokenHolder | undefined;
    if (holder === undefined) {
      log.warn('a stranger was refused by the admin API', { client, status: c.res.status });
      return;
    }
    const { method, path } = c.req;
    const fields = { by: holder.actor, client, method, path, status: c.res.status };
    if (method === 'GET' || method === 'HEAD') log.debug('the admin API was read', fields);
    else log.info('the admin API was asked for a change', fields);
  });
}
