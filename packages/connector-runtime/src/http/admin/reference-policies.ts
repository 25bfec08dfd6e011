import { Hono } from 'hono';
import { z } from 'zod';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readJson } from './read-request.ts';

const body = z.strictObject({ policy: z.unknown() });

/** What a tenant's secret references may point to. */
export function referencePolicyRoutes({ references }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  routes.get('/tenants/:tenantId/reference-policy', async (c) =>
    c.json({ policy: await references.read(readId(c, 'tenantId')) }),
  );
  routes.put('/tenants/:tenantId/reference-policy', async (c) => {
    const { policy } = await readJson(c, body);
    return c.json({ policy: await references.set({ tenantId: readId(c, 'tenantId'), policy, by: c.get('by') }) });
  });
  return routes;
}
