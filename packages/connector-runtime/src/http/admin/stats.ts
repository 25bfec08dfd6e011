import { requireTenant } from './access.ts';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

export function statsRoutes({ stats }: AdminPorts): AdminRoutes {
  return {
    readStats: route('GET /stats', {
      summary: 'Counts of deliveries, runs and connections, of all tenants or one; a tenant’s token sees its own',
      role: 'viewer',
      reach: 'own',
      query: requests.readStats,
      answer: answers.stats,
      run: async ({ query: { tenantId }, within }) => {
        if (tenantId !== undefined) requireTenant(within, tenantId);
        return stats.read(tenantId ?? within);
      },
    }),
  };
}
