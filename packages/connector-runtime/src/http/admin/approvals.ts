import { z } from 'zod';
import { RuntimeError } from '../../types/errors.ts';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { limit, requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** Questions to people. A token decides as its holder (`admin:<name>`, `token:<name>`), and only where the rule names them. */
export function approvalRoutes({ approvals }: AdminPorts): AdminRoutes {
  return {
    listApprovals: route('GET /tenants/:tenantId/approvals', {
      summary: 'The tenant’s approvals, newest first',
      role: 'viewer',
      query: limit,
      answer: z.object({ approvals: z.array(answers.approval) }),
      run: async ({ tenantId, query }) => ({ approvals: await approvals.list(tenantId, query.limit) }),
    }),
    decideApproval: route('POST /tenants/:tenantId/approvals/:approvalId/decide', {
      summary: 'Decide, as the holder of the token, where the rule names them',
      role: 'operator',
      body: requests.decideApproval,
      answer: z.object({ status: z.literal('decided') }),
      run: async ({ tenantId, approvalId, body: { decision }, by }) => {
        const click = { tenantId, approvalId, decision, actor: by, via: { admin: true } } as const;
        const { status, code } = await approvals.decide(click);
        if (status === 'decided') return { status };
        throw refused(status, code, approvalId);
      },
    }),
  };
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
