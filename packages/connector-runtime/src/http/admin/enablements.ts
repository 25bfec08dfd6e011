import { Hono } from 'hono';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readJson } from './read-request.ts';
import { requests } from './requests.ts';

/** Which artifact of a connector a tenant runs. */
export function enablementRoutes({ tenants }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  routes.get('/tenants/:tenantId/enablements', async (c) =>
    c.json({ enablements: await tenants.listEnablements(readId(c, 'tenantId')) }),
  );
  routes.post('/tenants/:tenantId/enablements', async (c) => {
    const { digest } = await readJson(c, requests.enable);
    const { manifest } = await tenants.enable(readId(c, 'tenantId'), digest, c.get('by'));
    return c.json({ connector: manifest.id, version: manifest.version, digest }, 201);
  });
  routes.put('/tenants/:tenantId/enablements/:connector/floor', async (c) => {
    const { version, reason } = await readJson(c, requests.setVersionFloor);
    const connector = c.req.param('connector');
    await tenants.setVersionFloor(readId(c, 'tenantId'), { connector, version, reason, by: c.get('by') });
    return c.json({ connector, floor: version });
  });
  return routes;
}
