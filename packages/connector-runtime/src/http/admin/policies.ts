import { Hono } from 'hono';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readJson } from './read-request.ts';
import { requests } from './requests.ts';

/** A tenant's own policy text, beside the defaults. */
export function policyRoutes({ tenants }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  routes.get('/tenants/:tenantId/policy', async (c) =>
    c.json({ policy: (await tenants.policy(readId(c, 'tenantId'))) ?? null }),
  );
  routes.put('/tenants/:tenantId/policy', async (c) => {
    const { text } = await readJson(c, requests.setPolicy);
    return c.json({ policy: await tenants.setPolicy({ tenantId: readId(c, 'tenantId'), text, by: c.get('by') }) });
  });
  return routes;
}
