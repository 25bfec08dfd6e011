import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { type AdminRoutes, route } from './route.ts';

/** How polling stands, and polling now. */
export function pollingRoutes({ polling }: AdminPorts): AdminRoutes {
  return {
    listPolling: route('GET /tenants/:tenantId/polling', {
      summary: 'How polling stands, by connection and trigger: next poll, lag, last error, figures',
      role: 'viewer',
      answer: z.object({ polling: z.array(answers.polling) }),
      run: async ({ tenantId }) => ({ polling: await polling.list(tenantId) }),
    }),
    reconcile: route('POST /tenants/:tenantId/connections/:connectionId/triggers/:trigger/reconcile', {
      summary: 'Poll now, and say what was found; `trigger` is its full name',
      role: 'operator',
      answer: answers.pollReport,
      run: ({ tenantId, connectionId, trigger, by }) => polling.reconcile({ tenantId, connectionId, trigger }, by),
    }),
  };
}
