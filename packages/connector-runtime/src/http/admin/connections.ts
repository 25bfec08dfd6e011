import { Hono } from 'hono';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readJson } from './read-request.ts';
import { requests } from './requests.ts';

/** A tenant's bindings to SaaS accounts. Secrets go in and never come out. */
export function connectionRoutes({ tenants, connections }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  const path = '/tenants/:tenantId/connections';
  routes.get(path, async (c) => c.json({ connections: await tenants.listConnections(readId(c, 'tenantId')) }));
  routes.post(path, async (c) => {
    const request = await readJson(c, requests.createConnection);
    const made = await tenants.createConnection({ ...request, tenantId: readId(c, 'tenantId'), by: c.get('by') });
    return c.json(made, 201);
  });
  routes.put(`${path}/:connectionId/credential`, async (c) => {
    const { secrets } = await readJson(c, requests.replaceCredential);
    const ids = { tenantId: readId(c, 'tenantId'), connectionId: readId(c, 'connectionId') };
    return c.json(await tenants.replaceCredential({ ...ids, secrets, by: c.get('by') }));
  });
  routes.post(`${path}/:connectionId/test`, async (c) => {
    const { id } = await tenants.connection(readId(c, 'tenantId'), readId(c, 'connectionId'));
    return c.json(await connections.test(readId(c, 'tenantId'), id));
  });
  return routes;
}
