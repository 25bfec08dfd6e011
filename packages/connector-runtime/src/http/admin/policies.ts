import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** Policy texts beside the defaults, of the tenant or (with a `workspaceId`) of one workspace, and what they would alter. */
export function policyRoutes({ tenants, policy }: AdminPorts): AdminRoutes {
  return {
    readPolicy: route('GET /tenants/:tenantId/policy', {
      summary: 'A policy text, the newest or an older version; null when there is none',
      role: 'viewer',
      query: requests.readPolicy,
      answer: z.object({ policy: answers.policy.nullable() }),
      run: async ({ tenantId, query: { workspaceId, version } }) => ({
        policy: (await tenants.policy({ tenantId, workspaceId }, version)) ?? null,
      }),
    }),
    setPolicy: route('PUT /tenants/:tenantId/policy', {
      summary: 'Replace a policy text: Cedar, checked before it is stored',
      role: 'admin',
      body: requests.setPolicy,
      answer: z.object({ policy: answers.policy, warnings: answers.policyWarnings }),
      run: async ({ tenantId, body, by }) => written(await tenants.setPolicy({ tenantId, ...body, by })),
    }),
    rollbackPolicy: route('POST /tenants/:tenantId/policy/rollback', {
      summary: 'Set the text of an older version again, as a new version',
      role: 'admin',
      body: requests.rollbackPolicy,
      answer: z.object({ policy: answers.policy, warnings: answers.policyWarnings }),
      run: async ({ tenantId, body, by }) => written(await tenants.rollbackPolicy({ tenantId, ...body, by })),
    }),
    listPolicyVersions: route('GET /tenants/:tenantId/policy/versions', {
      summary: 'The versions of a policy text, newest first',
      role: 'viewer',
      query: requests.listPolicyVersions,
      answer: z.object({ versions: z.array(answers.policyVersion) }),
      run: async ({ tenantId, query: { workspaceId, ...page } }) => {
        const versions = await tenants.policyHistory({ tenantId, workspaceId }, page);
        return { versions: versions.map(({ text: _, ...version }) => version) };
      },
    }),
    validatePolicy: route('POST /tenants/:tenantId/policy/validate', {
      summary: 'Check a policy text as if it were set; nothing is stored',
      role: 'viewer',
      body: requests.validatePolicy,
      answer: z.object({ warnings: answers.policyWarnings }),
      run: async ({ tenantId, body }) => ({ warnings: await tenants.validatePolicy({ tenantId, ...body }) }),
    }),
    readPolicySchema: route('GET /tenants/:tenantId/policy/schema', {
      summary: 'The Cedar schema of what policies may name, made from the enabled connectors',
      role: 'viewer',
      answer: answers.policySchema,
      run: ({ tenantId }) => policy.schema(tenantId),
    }),
    simulatePolicy: route('POST /tenants/:tenantId/policy/simulate', {
      summary: 'What policy says to every action, and what another text would alter; nothing runs or is stored',
      role: 'viewer',
      body: requests.simulatePolicy,
      answer: answers.simulation,
      run: ({ tenantId, body }) => policy.simulate({ tenantId, ...body }),
    }),
  };
}

function written<T extends { readonly warnings: object }>({ warnings, ...policy }: T) {
  return { policy, warnings };
}
