import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** What a connection may send. */
export function rateLimitRoutes({ limits }: AdminPorts): AdminRoutes {
  return {
    showLimits: route('GET /tenants/:tenantId/connections/:connectionId/limits', {
      summary: 'What it may send, and what holds it back',
      role: 'viewer',
      answer: answers.connectionLimits,
      run: ({ tenantId, connectionId }) => limits.read(tenantId, connectionId),
    }),
    setRateLimit: route('PUT /tenants/:tenantId/connections/:connectionId/rate-limit', {
      summary: 'Set another limit than the manifest’s; null is the manifest’s',
      role: 'admin',
      body: requests.setRateLimit,
      answer: answers.connectionLimits,
      run: async ({ tenantId, connectionId, body, by }) => {
        await limits.set({ tenantId, connectionId, limit: body, by });
        return limits.read(tenantId, connectionId);
      },
    }),
  };
}
