import { Hono } from 'hono';
import { getPath } from 'hono/utils/url';
import type { Ingress } from '../ingress/index.ts';
import type { AuthorizationFlow } from '../oauth/index.ts';
import type { Clock } from '../types/clock.ts';
import type { Log } from '../types/log.ts';
import { type AdminOptions, createAdminApp } from './admin/admin-app.ts';
import type { ClientAddress } from './client-address.ts';
import { createOAuthCallback } from './oauth-callback.ts';
import { pathBelow } from './path-below.ts';
import type { NodeBindings } from './raw-request.ts';
import { createWebhookApp } from './webhook-app.ts';
import type { WebhookLimits } from './webhook-route.ts';

export interface HttpOptions {
  readonly ingress: Ingress;
  readonly admin: Omit<AdminOptions, 'clientAddress'>;
  /** What ends an authorization by a person. */
  readonly oauth: Pick<AuthorizationFlow, 'complete'>;
  readonly health: Health;
  readonly clientAddress: ClientAddress;
  readonly clock: Clock;
  readonly log: Log;
  /** What webhooks may cost before their senders are known. */
  readonly webhookLimits?: WebhookLimits;
}

export interface Health {
  /** True when deliveries can be accepted: the database answers and the runtime is started. */
  isReady(): Promise<boolean>;
  /** True once the runtime is told to stop: load balancers should go elsewhere, whatever the database says. */
  isDraining(): boolean;
}

export type HttpApp = Hono<{ Bindings: NodeBindings }>;

/**
 * Everything the runtime answers: webhooks and people who come back from a provider (told nothing), health (told little), and
 * the admin API (bearer token).
 *
 * @throws RuntimeError `CONFIG_INVALID` for an admin token under 32 characters
 */
export function createHttp(options: HttpOptions): HttpApp {
  const { ingress, admin, oauth, health, clientAddress, clock, log, webhookLimits = {} } = options;
  const app: HttpApp = new Hono<{ Bindings: NodeBindings }>({ getPath: pathOf });

  app.route('/hooks', createWebhookApp({ ingress, clock, log, limits: webhookLimits }));
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    if (health.isDraining()) return c.json({ status: 'draining' }, 503);
    const isReady = await health.isReady().catch(() => false);
    return c.json({ status: isReady ? 'ready' : 'not ready' }, isReady ? 200 : 503);
  });
  app.route('/oauth/callback', createOAuthCallback(oauth, log));
  app.route('/admin/v1', createAdminApp({ ...admin, clientAddress }, log));
  app.notFound((c) => c.json({ error: 'not found' }, 404));
  app.onError((error, c) => {
    // A sender that hangs up, or a defect of ours: the log has it, the outside does not.
    log.warn('a request could not be answered', { error });
    return c.json({ error: 'failed' }, 500);
  });
  return app;
}

/** The path below where the runtime is mounted; what lies elsewhere is nothing here. */
function pathOf(request: Request, { env }: { env?: NodeBindings } = {}): string {
  const path = getPath(request);
  return env?.prefix === undefined ? path : (pathBelow(path, env.prefix) ?? '/');
}
