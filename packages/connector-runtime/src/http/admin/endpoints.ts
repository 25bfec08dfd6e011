import { z } from 'zod';
import { Secret } from '../../types/secret.ts';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** Webhook addresses. The answer to a POST is the only place where token and secret are ever shown. */
export function endpointRoutes({ tenants }: AdminPorts, publicUrl: string): AdminRoutes {
  return {
    listEndpoints: route('GET /tenants/:tenantId/endpoints', {
      summary: 'The tenant’s webhook addresses, without tokens and secrets',
      role: 'viewer',
      answer: z.object({ endpoints: z.array(answers.endpoint) }),
      run: async ({ tenantId }) => ({ endpoints: await tenants.listEndpoints(tenantId) }),
    }),
    createEndpoint: route('POST /tenants/:tenantId/endpoints', {
      summary: 'Make a webhook address; `url`, `token` and `secret` are shown this once',
      role: 'admin',
      body: requests.createEndpoint,
      answer: answers.createdEndpoint,
      status: 201,
      run: async ({ tenantId, body: { secret, ...request }, by }) => {
        const given = secret === undefined ? {} : { secret: new Secret(secret) };
        const made = await tenants.createEndpoint({ ...request, tenantId, by, ...given });
        const token = made.token.reveal();
        const url = `${publicUrl}/hooks/${token}`;
        return { endpointId: made.endpointId, url, token, secret: made.secret.reveal() };
      },
    }),
    disableEndpoint: route('POST /tenants/:tenantId/endpoints/:endpointId/disable', {
      summary: 'Take nothing more at this address',
      role: 'admin',
      run: ({ tenantId, endpointId, by }) => tenants.disableEndpoint({ tenantId, endpointId, by }),
    }),
  };
}
