import { Hono } from 'hono';
import { Secret } from '../../types/secret.ts';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readJson } from './read-request.ts';
import { requests } from './requests.ts';

/** Webhook addresses. The answer to a POST is the only place where token and secret are ever shown. */
export function endpointRoutes({ tenants }: AdminPorts, publicUrl: string): AdminRouter {
  const routes = new Hono<AdminEnv>();
  const path = '/tenants/:tenantId/endpoints';
  routes.get(path, async (c) => c.json({ endpoints: await tenants.listEndpoints(readId(c, 'tenantId')) }));
  routes.post(path, async (c) => {
    const { secret, ...request } = await readJson(c, requests.createEndpoint);
    const made = await tenants.createEndpoint({
      ...request,
      tenantId: readId(c, 'tenantId'),
      by: c.get('by'),
      ...(secret === undefined ? {} : { secret: new Secret(secret) }),
    });
    const token = made.token.reveal();
    const url = `${publicUrl}/hooks/${token}`;
    return c.json({ endpointId: made.endpointId, url, token, secret: made.secret.reveal() }, 201);
  });
  routes.post(`${path}/:endpointId/disable`, async (c) => {
    const ids = { tenantId: readId(c, 'tenantId'), endpointId: readId(c, 'endpointId') };
    await tenants.disableEndpoint({ ...ids, by: c.get('by') });
    return c.body(null, 204);
  });
  return routes;
}
