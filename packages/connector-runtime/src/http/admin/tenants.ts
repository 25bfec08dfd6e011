import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** `/tenants` and their workspaces. */
export function tenantRoutes({ tenants }: AdminPorts): AdminRoutes {
  return {
    listTenants: route('GET /tenants', {
      summary: 'The tenants; a tenant’s token sees its own',
      role: 'viewer',
      reach: 'own',
      answer: z.object({ tenants: z.array(answers.tenant) }),
      run: async ({ within }) => {
        const all = await tenants.listTenants();
        return { tenants: within === undefined ? all : all.filter(({ id }) => id === within) };
      },
    }),
    createTenant: route('POST /tenants', {
      summary: 'Make a tenant, with a workspace `default`',
      role: 'admin',
      body: requests.createTenant,
      answer: answers.createdTenant,
      status: 201,
      run: ({ body: { name }, by }) => tenants.createTenant({ name, by }),
    }),
    listWorkspaces: route('GET /tenants/:tenantId/workspaces', {
      summary: 'The tenant’s workspaces',
      role: 'viewer',
      answer: z.object({ workspaces: z.array(answers.workspace) }),
      run: async ({ tenantId }) => ({ workspaces: await tenants.listWorkspaces(tenantId) }),
    }),
    createWorkspace: route('POST /tenants/:tenantId/workspaces', {
      summary: 'Make a workspace',
      role: 'admin',
      body: requests.createWorkspace,
      answer: answers.workspace,
      status: 201,
      run: ({ tenantId, body: { name }, by }) => tenants.createWorkspace({ tenantId, name, by }),
    }),
  };
}
