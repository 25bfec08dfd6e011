import { z } from 'zod';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

const answer = z.object({ policy: z.record(z.string(), z.array(z.string())) });

/** What a tenant's secret references may point to. */
export function referencePolicyRoutes({ references }: AdminPorts): AdminRoutes {
  return {
    readReferencePolicy: route('GET /tenants/:tenantId/reference-policy', {
      summary: 'Which secret references the tenant may use',
      role: 'viewer',
      answer,
      run: async ({ tenantId }) => ({ policy: await references.read(tenantId) }),
    }),
    setReferencePolicy: route('PUT /tenants/:tenantId/reference-policy', {
      summary: 'Say which secret references the tenant may use',
      role: 'security-admin',
      body: requests.setReferencePolicy,
      answer,
      run: async ({ tenantId, body: { policy }, by }) => ({ policy: await references.set({ tenantId, policy, by }) }),
    }),
  };
}
