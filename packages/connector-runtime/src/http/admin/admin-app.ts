import { Hono } from 'hono';
import type { Log } from '../../types/log.ts';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import { approvalRuleRoutes } from './approval-rules.ts';
import { approvalRoutes } from './approvals.ts';
import { artifactRoutes } from './artifacts.ts';
import { auditRoutes } from './audit.ts';
import { createAuthentication } from './authenticate.ts';
import { connectionRoutes } from './connections.ts';
import { deliveryRoutes } from './deliveries.ts';
import { enablementRoutes } from './enablements.ts';
import { endpointRoutes } from './endpoints.ts';
import { errorAnswer } from './error-answer.ts';
import { policyRoutes } from './policies.ts';
import type { AdminPorts, AdminToken } from './ports.ts';
import { referencePolicyRoutes } from './reference-policies.ts';
import { runRoutes } from './runs.ts';
import { statsRoutes } from './stats.ts';
import { tenantRoutes } from './tenants.ts';

export interface AdminOptions extends AdminPorts {
  readonly tokens: readonly AdminToken[];
  /** Origin of this deployment as senders reach it; endpoints' addresses begin with it. */
  readonly publicUrl: string;
}

/** The admin API. Authentication comes before everything: also what does not exist is hidden from strangers. */
export function createAdminApp(options: AdminOptions, log: Log): AdminRouter {
  const app = new Hono<AdminEnv>();
  app.use('*', createAuthentication(options.tokens));
  for (const routes of [
    tenantRoutes(options),
    approvalRuleRoutes(options),
    artifactRoutes(options),
    enablementRoutes(options),
    connectionRoutes(options),
    endpointRoutes(options, options.publicUrl),
    policyRoutes(options),
    referencePolicyRoutes(options),
    runRoutes(options),
    approvalRoutes(options),
    deliveryRoutes(options),
    auditRoutes(options),
    statsRoutes(options),
  ]) {
    app.route('/', routes);
  }
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
