import { Hono } from 'hono';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readJson } from './read-request.ts';
import { requests } from './requests.ts';

/** Whom a workspace asks before a write that policy does not allow by itself. */
export function approvalRuleRoutes({ tenants }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  const path = '/tenants/:tenantId/workspaces/:workspaceId/approval-rule';
  routes.get(path, async (c) => {
    const { approvalRule } = await tenants.workspace(readId(c, 'tenantId'), readId(c, 'workspaceId'));
    return c.json({ approvalRule });
  });
  routes.put(path, async (c) => {
    const { target, ...rest } = await readJson(c, requests.setApprovalRule);
    const tenantId = readId(c, 'tenantId');
    const workspaceId = readId(c, 'workspaceId');
    await tenants.setApprovalRule({ tenantId, workspaceId, rule: { ...rest, target }, by: c.get('by') });
    return c.body(null, 204);
  });
  routes.delete(path, async (c) => {
    const tenantId = readId(c, 'tenantId');
    await tenants.setApprovalRule({ tenantId, workspaceId: readId(c, 'workspaceId'), rule: null, by: c.get('by') });
    return c.body(null, 204);
  });
  return routes;
}
