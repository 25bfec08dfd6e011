import { z } from 'zod';
import { Secret } from '../../types/secret.ts';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** Webhook addresses. The answers to the POSTs that make them are the only places where tokens and secrets are ever shown. */
export function endpointRoutes({ tenants }: AdminPorts, publicUrl: string): AdminRoutes {
  const urlOf = (token: string) => `${publicUrl}/hooks/${token}`;
  const toSecret = (given: string | undefined) => (given === undefined ? {} : { secret: new Secret(given) });
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
        const made = await tenants.createEndpoint({ ...request, tenantId, by, ...toSecret(secret) });
        const token = made.token.reveal();
        return { endpointId: made.endpointId, url: urlOf(token), token, secret: made.secret.reveal() };
      },
    }),
    showEndpoint: route('GET /tenants/:tenantId/endpoints/:endpointId', {
      summary: 'Its addresses and secrets by id and end, and when a delivery was last accepted',
      role: 'viewer',
      answer: answers.endpoint,
      run: ({ tenantId, endpointId }) => tenants.showEndpoint(tenantId, endpointId),
    }),
    rotateAddress: route('POST /tenants/:tenantId/endpoints/:endpointId/rotate-address', {
      summary: 'Give it a new address, shown this once; earlier ones go on for `overlapSeconds`, a day by default',
      role: 'admin',
      body: requests.rotateAddress,
      answer: answers.rotatedAddress,
      status: 201,
      run: async ({ tenantId, endpointId, body: { overlapSeconds }, by }) => {
        const made = await tenants.rotateAddress({ tenantId, endpointId, overlapSeconds, by });
        const { addressId, earlierUntil } = made;
        const token = made.token.reveal();
        return { addressId, url: urlOf(token), token, earlierUntil };
      },
    }),
    rotateSecret: route('POST /tenants/:tenantId/endpoints/:endpointId/rotate-secret', {
      summary: 'Give it a new secret, shown this once; earlier ones go on for `overlapSeconds`, a day by default',
      role: 'admin',
      body: requests.rotateSecret,
      answer: answers.rotatedSecret,
      status: 201,
      run: async ({ tenantId, endpointId, body: { overlapSeconds, secret }, by }) => {
        const made = await tenants.rotateSecret({ tenantId, endpointId, overlapSeconds, by, ...toSecret(secret) });
        const { secretId, earlierUntil } = made;
        return { secretId, secret: made.secret.reveal(), earlierUntil };
      },
    }),
    removeSecret: route('DELETE /tenants/:tenantId/endpoints/:endpointId/secrets/:secretId', {
      summary: 'End a secret at once, on every node; not the current one',
      role: 'admin',
      run: ({ tenantId, endpointId, secretId, by }) => tenants.removeSecret({ tenantId, endpointId, secretId, by }),
    }),
    enableEndpoint: route('POST /tenants/:tenantId/endpoints/:endpointId/enable', {
      summary: 'Take deliveries again, with the addresses and secrets that it has',
      role: 'admin',
      run: ({ tenantId, endpointId, by }) => tenants.enableEndpoint({ tenantId, endpointId, by }),
    }),
    disableEndpoint: route('POST /tenants/:tenantId/endpoints/:endpointId/disable', {
      summary: 'Take nothing more at its addresses',
      role: 'admin',
      run: ({ tenantId, endpointId, by }) => tenants.disableEndpoint({ tenantId, endpointId, by }),
    }),
  };
}
