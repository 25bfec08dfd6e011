import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

const listed = z.object({ tokens: z.array(answers.apiToken) });

/** Tokens of this API: of the whole deployment, or of one tenant. The answer to a POST is the only place that shows one. */
export function apiTokenRoutes({ apiTokens }: AdminPorts): AdminRoutes {
  const create = async (request: Parameters<typeof apiTokens.create>[0]) => {
    const { token, ...made } = await apiTokens.create(request);
    return { ...made, token: token.reveal() };
  };
  return {
    listTokens: route('GET /tokens', {
      summary: 'Tokens of the whole deployment, revoked ones too',
      role: 'security-admin',
      answer: listed,
      run: async () => ({ tokens: await apiTokens.list() }),
    }),
    createToken: route('POST /tokens', {
      summary: 'Make a token of the whole deployment; it is shown this once',
      role: 'security-admin',
      body: requests.createToken,
      answer: answers.createdToken,
      status: 201,
      run: ({ body, by }) => create({ ...body, by }),
    }),
    revokeToken: route('DELETE /tokens/:tokenId', {
      summary: 'End a token, on every node within seconds',
      role: 'security-admin',
      run: ({ tokenId, by }) => apiTokens.revoke({ tokenId, by }),
    }),
    listTenantTokens: route('GET /tenants/:tenantId/tokens', {
      summary: 'The tenant’s tokens, revoked ones too',
      role: 'security-admin',
      answer: listed,
      run: async ({ tenantId }) => ({ tokens: await apiTokens.list(tenantId) }),
    }),
    createTenantToken: route('POST /tenants/:tenantId/tokens', {
      summary: 'Make a token of this tenant only; it is shown this once',
      role: 'security-admin',
      body: requests.createToken,
      answer: answers.createdToken,
      status: 201,
      run: ({ tenantId, body, by }) => create({ ...body, tenantId, by }),
    }),
    revokeTenantToken: route('DELETE /tenants/:tenantId/tokens/:tokenId', {
      summary: 'End a token of the tenant, on every node within seconds',
      role: 'security-admin',
      run: ({ tenantId, tokenId, by }) => apiTokens.revoke({ tenantId, tokenId, by }),
    }),
  };
}
