import { z } from 'zod';
import { DEFAULT_RULE } from '../../types/approval-rule.ts';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** Whom a workspace asks before a write that policy does not allow by itself: the rule `default`, or the one that policy names. */
export function approvalRuleRoutes({ tenants }: AdminPorts): AdminRoutes {
  return {
    readApprovalRule: route('GET /tenants/:tenantId/workspaces/:workspaceId/approval-rule', {
      summary: 'Whom the workspace asks where policy names no rule; null: nobody can approve',
      role: 'viewer',
      answer: z.object({ approvalRule: answers.approvalRule.nullable() }),
      run: async ({ tenantId, workspaceId }) => {
        const { approvalRule } = await tenants.workspace(tenantId, workspaceId);
        return { approvalRule };
      },
    }),
    setApprovalRule: route('PUT /tenants/:tenantId/workspaces/:workspaceId/approval-rule', {
      summary: 'Say whom the workspace asks: the rule "default"',
      role: 'admin',
      body: requests.setApprovalRule,
      run: ({ tenantId, workspaceId, body: { target, ...rest }, by }) =>
        tenants.setApprovalRule({ tenantId, workspaceId, name: DEFAULT_RULE, rule: { ...rest, target }, by }),
    }),
    removeApprovalRule: route('DELETE /tenants/:tenantId/workspaces/:workspaceId/approval-rule', {
      summary: 'Let nobody approve where policy names no rule',
      role: 'admin',
      run: ({ tenantId, workspaceId, by }) =>
        tenants.setApprovalRule({ tenantId, workspaceId, name: DEFAULT_RULE, rule: null, by }),
    }),
    listApprovalRules: route('GET /tenants/:tenantId/workspaces/:workspaceId/approval-rules', {
      summary: 'The workspace’s approval rules, by name',
      role: 'viewer',
      answer: z.object({ approvalRules: z.array(answers.namedApprovalRule) }),
      run: async ({ tenantId, workspaceId }) => ({
        approvalRules: await tenants.approvalRules(tenantId, workspaceId),
      }),
    }),
    setNamedApprovalRule: route('PUT /tenants/:tenantId/workspaces/:workspaceId/approval-rules/:rule', {
      summary: 'Say whom the workspace asks where policy names this rule',
      role: 'admin',
      body: requests.setApprovalRule,
      run: ({ tenantId, workspaceId, rule: name, body: { target, ...rest }, by }) =>
        tenants.setApprovalRule({ tenantId, workspaceId, name, rule: { ...rest, target }, by }),
    }),
    removeNamedApprovalRule: route('DELETE /tenants/:tenantId/workspaces/:workspaceId/approval-rules/:rule', {
      summary: 'Let nobody approve where policy names this rule',
      role: 'admin',
      run: ({ tenantId, workspaceId, rule: name, by }) =>
        tenants.setApprovalRule({ tenantId, workspaceId, name, rule: null, by }),
    }),
  };
}
