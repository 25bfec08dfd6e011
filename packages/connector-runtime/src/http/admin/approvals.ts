import { z } from 'zod';
import type { Decided } from '../../approvals/index.ts';
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
      answer: z.discriminatedUnion('status', [
        z.object({ status: z.literal('decided') }),
        z.object({ status: z.literal('counted'), approved: z.int(), needed: z.int() }),
      ]),
      run: async ({ tenantId, approvalId, body: { decision }, by }) => {
        const decided = await approvals.decide({ tenantId, approvalId, decision, actor: by, via: { admin: true } });
        if (decided.status === 'decided') return { status: decided.status };
        if (decided.status === 'counted') return decided;
        throw new RuntimeError(decided.code, why(decided, approvalId));
      },
    }),
  };
}

function why(decided: Exclude<Decided, { status: 'decided' | 'counted' }>, approvalId: string): string {
  switch (decided.code) {
    case 'APPROVAL_ALREADY_DECIDED':
      return `approval ${approvalId} was closed before as ${decided.was}; nothing changed`;
    case 'APPROVAL_ALREADY_COUNTED':
      return `the holder of this token has approved ${approvalId} before, under this or another name; it counts once`;
    case 'APPROVAL_UNKNOWN':
      return `there is no approval ${approvalId} here`;
    case 'APPROVAL_EXPIRED':
      return `approval ${approvalId} has expired; nothing changed`;
    case 'APPROVAL_GROUP_UNREADABLE':
      return `the rule's list does not name the holder of this token, and its groups can't be read: see the log`;
    case 'APPROVAL_ACTOR_NOT_ALLOWED':
      return `this token may not decide on approval ${approvalId}: name its holder in the rule's approvers`;
  }
}
