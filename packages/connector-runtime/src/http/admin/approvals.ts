import { Hono } from 'hono';
import { RuntimeError } from '../../types/errors.ts';
import type { AdminEnv, AdminRouter } from './admin-env.ts';
import type { AdminPorts } from './ports.ts';
import { readId, readJson, readQuery } from './read-request.ts';
import { limit, requests } from './requests.ts';

/** Questions to people. An administrator decides as `admin:<name>`, and only where the rule names them. */
export function approvalRoutes({ approvals }: AdminPorts): AdminRouter {
  const routes = new Hono<AdminEnv>();
  routes.get('/tenants/:tenantId/approvals', async (c) => {
    const { limit: count } = readQuery(c, limit);
    return c.json({ approvals: await approvals.list(readId(c, 'tenantId'), count) });
  });
  routes.post('/tenants/:tenantId/approvals/:approvalId/decide', async (c) => {
    const { decision } = await readJson(c, requests.decideApproval);
    const ids = { tenantId: readId(c, 'tenantId'), approvalId: readId(c, 'approvalId') };
    const { status, code } = await approvals.decide({ ...ids, decision, actor: c.get('by'), via: { admin: true } });
    if (status === 'decided') return c.json({ status });
    throw refused(status, code, ids.approvalId);
  });
  return routes;
}

function refused(status: string, code: string | undefined, approvalId: string): RuntimeError {
  if (status === 'already-decided') {
    return new RuntimeError('APPROVAL_ALREADY_DECIDED', `approval ${approvalId} was decided before; nothing changed`);
  }
  if (code === 'APPROVAL_UNKNOWN') return new RuntimeError(code, `there is no approval ${approvalId} here`);
  if (code === 'APPROVAL_EXPIRED') return new RuntimeError(code, `approval ${approvalId} has expired; nothing changed`);
  return new RuntimeError(
    'APPROVAL_ACTOR_NOT_ALLOWED',
    `this token may not decide on approval ${approvalId}: name its holder in the workspace's approvers`,
  );
}
