import { Hono } from 'hono';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readQuery } from './read-request.ts';
import { requests } from './requests.ts';

/** A tenant's audit trail; the deployment's own is under the nil UUID. */
export function auditRoutes({ audit }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  routes.get('/tenants/:tenantId/audit', async (c) => {
    const { limit, before } = readQuery(c, requests.listAudit);
    const page = { limit, ...(before === undefined ? {} : { before }) };
    return c.json({ entries: (await audit.list(readId(c, 'tenantId'), page)).map(showEntry) });
  });
  routes.get('/tenants/:tenantId/audit/verify', async (c) => c.json(await audit.verify(readId(c, 'tenantId'))));
  return routes;
}

/** The entry's hashed text as data, with its place in the chain. */
export function showEntry({
  seq,
  body,
  hash,
}: {
  readonly seq: string;
  readonly body: string;
  readonly hash: string;
}): object {
  return { seq, hash, ...(JSON.parse(body) as object) };
}
