import { Hono } from 'hono';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readQuery } from './read-request.ts';
import { requests } from './requests.ts';

export function statsRoutes({ stats }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  routes.get('/stats', async (c) => c.json(await stats.read(readQuery(c, requests.readStats).tenantId)));
  return routes;
}
