import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** What was accepted and what became of it; bodies and headers are not shown. */
export function deliveryRoutes({ deliveries }: AdminPorts): AdminRoutes {
  return {
    listDeliveries: route('GET /tenants/:tenantId/deliveries', {
      summary: 'What was accepted and what became of it, without bodies and headers',
      role: 'viewer',
      query: requests.listDeliveries,
      answer: z.object({ deliveries: z.array(answers.delivery) }),
      run: async ({ tenantId, query: { limit, status } }) => {
        const query = { limit, ...(status === undefined ? {} : { status }) };
        return { deliveries: await deliveries.list(tenantId, query) };
      },
    }),
  };
}
