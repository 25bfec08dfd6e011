import { Hono } from 'hono';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readQuery } from './read-request.ts';
import { requests } from './requests.ts';

/** What was accepted and what became of it; bodies and headers are not shown. */
export function deliveryRoutes({ deliveries }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  routes.get('/tenants/:tenantId/deliveries', async (c) => {
    const { limit, status } = readQuery(c, requests.listDeliveries);
    const query = { limit, ...(status === undefined ? {} : { status }) };
    return c.json({ deliveries: await deliveries.list(readId(c, 'tenantId'), query) });
  });
  return routes;
}
