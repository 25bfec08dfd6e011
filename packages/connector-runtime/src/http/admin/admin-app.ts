import { Hono } from 'hono';
import type { ApiTokens } from '../../api-tokens/index.ts';
import type { RefusalLedger } from '../../ingress/index.ts';
import type { Log } from '../../types/log.ts';
import type { ClientAddress } from '../client-address.ts';
import { createAccessLog } from './access-log.ts';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import { adminRoutes } from './admin-routes.ts';
import { createAuthentication } from './authenticate.ts';
import { errorAnswer } from './error-answer.ts';
import { mountRoutes } from './mount-routes.ts';
import type { AdminPorts, AdminToken } from './ports.ts';

export interface AdminOptions extends AdminPorts {
  readonly tokens: readonly AdminToken[];
  readonly holders: Pick<ApiTokens, 'holderOf'>;
  readonly refusals: Pick<RefusalLedger, 'count'>;
  /** Origin of this deployment as senders reach it; endpoints' addresses begin with it. */
  readonly publicUrl: string;
  readonly clientAddress: ClientAddress;
}

/** The admin API. Authentication comes before everything: also what does not exist is hidden from strangers. */
export function createAdminApp(options: AdminOptions, log: Log): AdminRouter {
  const app = new Hono<AdminEnv>();
  app.use('*', createAccessLog(log, options.clientAddress));
  app.use('*', createAuthentication(options.tokens, options.holders));
  mountRoutes(app, adminRoutes(options, options.publicUrl), options.refusals);
  app.all('*', (c) => {
    const message = `there is no ${c.req.method} ${c.req.path}`;
    return c.json({ error: { code: 'ADMIN_NOT_FOUND', message, details: {} } }, 404);
  });
  app.onError((error, c) => {
    const { status, body } = errorAnswer(error);
    if (status === 500) log.error('an admin request failed', { method: c.req.method, route: c.req.routePath, error });
    return c.json(body, status);
  });
  return app;
}
