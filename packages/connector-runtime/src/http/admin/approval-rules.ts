import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** Whom a workspace asks before a write that policy does not allow by itself. */
export function approvalRuleRoutes({ tenants }: AdminPorts): AdminRoutes {
  return {
    readApprovalRule: route('GET /tenants/:tenantId/workspaces/:workspaceId/approval-rule', {
      summary: 'Whom the workspace asks; null: nobody can approve',
      role: 'viewer',
      answer: z.object({ approvalRule: answers.approvalRule.nullable() }),
      run: async ({ tenantId, workspaceId }) => {
        const { approvalRule } = await tenants.workspace(tenantId, workspaceId);
        return { approvalRule };
      },
    }),
    setApprovalRule: route('PUT /tenants/:tenantId/workspaces/:workspaceId/approval-rule', {
      summary: 'Say whom the workspace asks',
      role: 'admin',
      body: requests.setApprovalRule,
      run: ({ tenantId, workspaceId, body: { target, ...rest }, by }) =>
        tenants.setApprovalRule({ tenantId, workspaceId, rule: { ...rest, target }, by }),
    }),
    removeApprovalRule: route('DELETE /tenants/:tenantId/workspaces/:workspaceId/approval-rule', {
      summary: 'Let nobody approve',
      role: 'admin',
      run: ({ tenantId, workspaceId, by }) => tenants.setApprovalRule({ tenantId, workspaceId, rule: null, by }),
    }),
  };
}
