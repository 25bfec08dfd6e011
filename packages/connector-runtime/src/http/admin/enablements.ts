import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { digest, requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** Which artifact of a connector a tenant runs. */
export function enablementRoutes({ tenants }: AdminPorts): AdminRoutes {
  return {
    listEnablements: route('GET /tenants/:tenantId/enablements', {
      summary: 'The tenant’s version of each connector',
      role: 'viewer',
      answer: z.object({ enablements: z.array(answers.enablement) }),
      run: async ({ tenantId }) => ({ enablements: await tenants.listEnablements(tenantId) }),
    }),
    enable: route('POST /tenants/:tenantId/enablements', {
      summary: 'Make an artifact the tenant’s version of its connector',
      role: 'admin',
      body: requests.enable,
      answer: z.object({ connector: z.string(), version: z.string(), digest, warnings: answers.policyWarnings }),
      status: 201,
      run: async ({ tenantId, body: { digest }, by }) => {
        const { manifest } = await tenants.enable(tenantId, digest, by);
        // A text that named what this version no longer has may not close any more what it was to close.
        const warnings = await tenants.policyWarnings(tenantId);
        return { connector: manifest.id, version: manifest.version, digest, warnings };
      },
    }),
    setVersionFloor: route('PUT /tenants/:tenantId/enablements/:connector/floor', {
      summary: 'Say from which version on releases can be enabled',
      role: 'security-admin',
      body: requests.setVersionFloor,
      answer: z.object({ connector: z.string(), floor: z.string() }),
      run: async ({ tenantId, connector, body: { version, reason }, by }) => {
        await tenants.setVersionFloor(tenantId, { connector, version, reason, by });
        return { connector, floor: version };
      },
    }),
  };
}
