import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** What was accepted and what became of it; bodies and headers' values are not shown. */
export function deliveryRoutes({ deliveries }: AdminPorts): AdminRoutes {
  return {
    listDeliveries: route('GET /tenants/:tenantId/deliveries', {
      summary: 'What was accepted and what came of it, newest first; `before` is the last id of the page before',
      role: 'viewer',
      query: requests.listDeliveries,
      answer: z.object({ deliveries: z.array(answers.delivery) }),
      run: async ({ tenantId, query }) => ({ deliveries: await deliveries.list(tenantId, query) }),
    }),
    showDelivery: route('GET /tenants/:tenantId/deliveries/:deliveryId', {
      summary: 'What came of a delivery: its events and runs; the names of its headers, and no body',
      role: 'viewer',
      answer: answers.deliveryDetails,
      run: ({ tenantId, deliveryId }) => deliveries.show(tenantId, deliveryId),
    }),
    replayDelivery: route('POST /tenants/:tenantId/deliveries/:deliveryId/replay', {
      summary: 'Read a dead delivery again, after a fix',
      role: 'operator',
      run: ({ tenantId, deliveryId, by }) => deliveries.replay({ tenantId, deliveryId, by }),
    }),
    replayDeadDeliveries: route('POST /tenants/:tenantId/endpoints/:endpointId/replay', {
      summary: 'Read an endpoint’s dead deliveries again, the oldest first',
      role: 'operator',
      body: requests.replayDeliveries,
      answer: answers.replayed,
      run: ({ tenantId, endpointId, body: { limit }, by }) =>
        deliveries.replayDead({ tenantId, endpointId, limit, by }),
    }),
  };
}
