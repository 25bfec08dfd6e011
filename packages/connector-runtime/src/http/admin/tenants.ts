import { Hono } from 'hono';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readJson } from './read-request.ts';
import { requests } from './requests.ts';

/** `/tenants` and their workspaces. */
export function tenantRoutes({ tenants }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  routes.get('/tenants', async (c) => c.json({ tenants: await tenants.listTenants() }));
  routes.post('/tenants', async (c) => {
    const { name } = await readJson(c, requests.createTenant);
    return c.json(await tenants.createTenant({ name, by: c.get('by') }), 201);
  });
  routes.get('/tenants/:tenantId/workspaces', async (c) =>
    c.json({ workspaces: await tenants.listWorkspaces(readId(c, 'tenantId')) }),
  );
  routes.post('/tenants/:tenantId/workspaces', async (c) => {
    const { name } = await readJson(c, requests.createWorkspace);
    return c.json(await tenants.createWorkspace({ tenantId: readId(c, 'tenantId'), name, by: c.get('by') }), 201);
  });
  return routes;
}
