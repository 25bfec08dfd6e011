import { Hono } from 'hono';
import type { Ingress } from '../ingress/index.ts';
import type { AuthorizationFlow } from '../oauth/index.ts';
import type { Clock } from '../types/clock.ts';
import type { Log } from '../types/log.ts';
import { type AdminOptions, createAdminApp } from './admin/admin-app.ts';
import { createOAuthCallback } from './oauth-callback.ts';
import type { NodeBindings } from './raw-request.ts';
import { createWebhookRoute } from './webhook-route.ts';

export interface HttpOptions {
  readonly ingress: Ingress;
  readonly admin: AdminOptions;
  /** What ends an authorization by a person. */
  readonly oauth: Pick<AuthorizationFlow, 'complete'>;
  readonly health: Health;
  readonly clock: Clock;
  readonly log: Log;
  readonly bodyTimeoutMs?: number;
}

export interface Health {
  /** True when deliveries can be accepted: the database answers and the runtime is started. */
  isReady(): Promise<boolean>;
}

export type HttpApp = Hono<{ Bindings: NodeBindings }>;

/**
 * Everything the runtime answers: webhooks and people who come back from a provider (told nothing), health (told little), and
 * the admin API (bearer token). Mount its
 * `fetch`; with `@hono/node-server` pass its second argument on, which carries the headers as they were sent.
 *
 * @throws RuntimeError `CONFIG_INVALID` for an admin token under 32 characters
 */
export function createHttp(options: HttpOptions): HttpApp {
  const { ingress, admin, oauth, health, clock, log, bodyTimeoutMs } = options;
  const app: HttpApp = new Hono<{ Bindings: NodeBindings }>();
  const receive = createWebhookRoute({ ingress, clock, ...(bodyTimeoutMs === undefined ? {} : { bodyTimeoutMs }) });

  app.post('/hooks/:token', (c) => receive(c.req.param('token'), c.req.raw, c.env));
  app.all('/hooks/:token', (c) => c.json({ error: 'method not allowed' }, 405, { allow: 'POST' }));
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    const isReady = await health.isReady().catch(() => false);
    return c.json({ status: isReady ? 'ready' : 'not ready' }, isReady ? 200 : 503);
  });
  app.route('/oauth/callback', createOAuthCallback(oauth, log));
  app.route('/admin/v1', createAdminApp(admin, log));
  app.notFound((c) => c.json({ error: 'not found' }, 404));
  app.onError((error, c) => {
    // A sender that hangs up, or a defect of ours: the log has it, the outside does not.
    log.warn('a request could not be answered', { error });
    return c.json({ error: 'failed' }, 500);
  });
  return app;
}
