import { z } from 'zod';
import { answers } from './answers.ts';
import type { AdminPorts } from './ports.ts';
import { requests } from './requests.ts';
import { type AdminRoutes, route } from './route.ts';

/** A tenant's audit trail; the deployment's own is under the nil UUID. */
export function auditRoutes({ audit }: AdminPorts): AdminRoutes {
  return {
    listAudit: route('GET /tenants/:tenantId/audit', {
      summary: 'The tenant’s audit entries, newest first; the deployment’s own are under the nil UUID',
      role: 'viewer',
      query: requests.listAudit,
      answer: z.object({ entries: z.array(answers.auditEntry) }),
      run: async ({ tenantId, query }) => ({ entries: (await audit.list(tenantId, query)).map(showEntry) }),
    }),
    verifyAudit: route('GET /tenants/:tenantId/audit/verify', {
      summary: 'Compute the chain again',
      role: 'viewer',
      answer: z.object({ entries: z.int(), verified: z.literal(true) }),
      run: ({ tenantId }) => audit.verify(tenantId),
    }),
  };
}

/** The entry's hashed text as data, with its place in the chain. */
export function showEntry({
  seq,
  body,
  hash,
}: {
  readonly seq: string;
  readonly body: string;
  readonly hash: string;
}): object {
  return { seq, hash, ...(JSON.parse(body) as object) };
}
