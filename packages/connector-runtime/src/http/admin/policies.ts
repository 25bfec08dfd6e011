import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** A tenant's own policy text, beside the defaults. */
export function policyRoutes({ tenants }: AdminPorts): AdminRoutes {
  return {
    readPolicy: route('GET /tenants/:tenantId/policy', {
      summary: 'The tenant’s policy; null when the defaults alone decide',
      role: 'viewer',
      answer: z.object({ policy: answers.policy.nullable() }),
      run: async ({ tenantId }) => ({ policy: (await tenants.policy(tenantId)) ?? null }),
    }),
    setPolicy: route('PUT /tenants/:tenantId/policy', {
      summary: 'Replace the tenant’s policy: Cedar, checked before it is stored',
      role: 'admin',
      body: requests.setPolicy,
      answer: z.object({ policy: answers.policy }),
      run: async ({ tenantId, body: { text }, by }) => ({ policy: await tenants.setPolicy({ tenantId, text, by }) }),
    }),
  };
}
