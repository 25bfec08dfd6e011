import { type Context, Hono } from 'hono';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readJson, readQuery } from './read-request.ts';
import { requests } from './requests.ts';

/** A tenant's bindings to SaaS accounts. Secrets go in and never come out. */
export function connectionRoutes({ tenants, connections }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  const all = '/tenants/:tenantId/connections';
  const one = `${all}/:connectionId`;
  const named = (c: Context<AdminEnv>) => ({
    tenantId: readId(c, 'tenantId'),
    connectionId: readId(c, 'connectionId'),
    by: c.get('by'),
  });
  const show = async (c: Context<AdminEnv>) => {
    const { tenantId, connectionId } = named(c);
    return c.json(await tenants.showConnection(tenantId, connectionId));
  };

  routes.get('/connections', async (c) =>
    c.json({ connections: await tenants.listAllConnections(readQuery(c, requests.listConnections)) }),
  );
  routes.get(all, async (c) => {
    const query = readQuery(c, requests.listConnections);
    return c.json({ connections: await tenants.listConnections(readId(c, 'tenantId'), query) });
  });
  routes.post(all, async (c) => {
    const request = await readJson(c, requests.createConnection);
    const { tenantId, id } = await tenants.createConnection({
      ...request,
      tenantId: readId(c, 'tenantId'),
      by: c.get('by'),
    });
    return c.json(await tenants.showConnection(tenantId, id), 201);
  });
  routes.get(one, show);
  routes.delete(one, async (c) => {
    const { force } = readQuery(c, requests.deleteConnection);
    await tenants.deleteConnection({ ...named(c), force: force === 'true' });
    return c.body(null, 204);
  });
  routes.put(`${one}/credential`, async (c) => {
    const { secrets } = await readJson(c, requests.replaceCredential);
    await tenants.replaceCredential({ ...named(c), secrets });
    return show(c);
  });
  routes.post(`${one}/authorize`, async (c) => {
    const { browser } = await readJson(c, requests.authorizeConnection);
    return c.json(await connections.authorize({ ...named(c), browser }), 201);
  });
  routes.post(`${one}/test`, async (c) => c.json(await tenants.testConnection(named(c))));
  routes.post(`${one}/disable`, async (c) => {
    await tenants.disableConnection(named(c));
    return show(c);
  });
  routes.post(`${one}/enable`, async (c) => {
    await tenants.enableConnection(named(c));
    return show(c);
  });
  return routes;
}
