import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

interface Named {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly by: string;
}

/** A tenant's bindings to SaaS accounts. Secrets go in and never come out. */
export function connectionRoutes({ tenants, connections }: AdminPorts): AdminRoutes {
  const named = ({ tenantId, connectionId, by }: Named): Named => ({ tenantId, connectionId, by });
  const show = ({ tenantId, connectionId }: Named) => tenants.showConnection(tenantId, connectionId);
  const listed = z.object({ connections: z.array(answers.connection) });

  return {
    listAllConnections: route('GET /connections', {
      summary: 'Of all tenants, with health; a tenant’s token sees its own',
      role: 'viewer',
      reach: 'own',
      query: requests.listConnections,
      answer: listed,
      run: async ({ query, within }) => ({
        connections: await (within === undefined
          ? tenants.listAllConnections(query)
          : tenants.listConnections(within, query)),
      }),
    }),
    listConnections: route('GET /tenants/:tenantId/connections', {
      summary: 'The tenant’s connections, with health',
      role: 'viewer',
      query: requests.listConnections,
      answer: listed,
      run: async ({ tenantId, query }) => ({ connections: await tenants.listConnections(tenantId, query) }),
    }),
    createConnection: route('POST /tenants/:tenantId/connections', {
      summary: 'Make a connection',
      role: 'admin',
      body: requests.createConnection,
      answer: answers.connection,
      status: 201,
      run: async ({ tenantId, body, by }) => {
        const { id } = await tenants.createConnection({ ...body, tenantId, by });
        return tenants.showConnection(tenantId, id);
      },
    }),
    showConnection: route('GET /tenants/:tenantId/connections/:connectionId', {
      summary: 'Its state, why, and what to do next',
      role: 'viewer',
      answer: answers.connection,
      run: show,
    }),
    deleteConnection: route('DELETE /tenants/:tenantId/connections/:connectionId', {
      summary: 'End its grant at the provider and destroy its credential',
      role: 'admin',
      query: requests.deleteConnection,
      run: ({ query: { force }, ...call }) => tenants.deleteConnection({ ...named(call), force: force === 'true' }),
    }),
    replaceCredential: route('PUT /tenants/:tenantId/connections/:connectionId/credential', {
      summary: 'Give it another credential; a grant of the same client stays',
      role: 'admin',
      body: requests.replaceCredential,
      answer: answers.connection,
      run: async ({ body: { secrets }, ...call }) => {
        await tenants.replaceCredential({ ...named(call), secrets });
        return show(call);
      },
    }),
    authorizeConnection: route('POST /tenants/:tenantId/connections/:connectionId/authorize', {
      summary: 'Get the link at which a person agrees',
      role: 'admin',
      body: requests.authorizeConnection,
      answer: answers.begunAuthorization,
      status: 201,
      run: ({ body: { browser }, ...call }) => connections.authorize({ ...named(call), browser }),
    }),
    testConnection: route('POST /tenants/:tenantId/connections/:connectionId/test', {
      summary: 'Ask the SaaS whether it works',
      role: 'operator',
      answer: z.object({ account: z.string() }),
      run: (call) => tenants.testConnection(named(call)),
    }),
    disableConnection: route('POST /tenants/:tenantId/connections/:connectionId/disable', {
      summary: 'Stop its use, and keep it',
      role: 'admin',
      answer: answers.connection,
      run: async (call) => {
        await tenants.disableConnection(named(call));
        return show(call);
      },
    }),
    enableConnection: route('POST /tenants/:tenantId/connections/:connectionId/enable', {
      summary: 'Use it again',
      role: 'admin',
      answer: answers.connection,
      run: async (call) => {
        await tenants.enableConnection(named(call));
        return show(call);
      },
    }),
  };
}
