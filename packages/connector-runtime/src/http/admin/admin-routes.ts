import { apiTokenRoutes } from './api-tokens.ts';
import { approvalRuleRoutes } from './approval-rules.ts';
import { approvalRoutes } from './approvals.ts';
import { artifactRoutes } from './artifacts.ts';
import { auditRoutes } from './audit.ts';
import { connectionRoutes } from './connections.ts';
import { deliveryRoutes } from './deliveries.ts';
import { enablementRoutes } from './enablements.ts';
import { endpointRoutes } from './endpoints.ts';
import { documentRoutes } from './openapi.ts';
import { policyRoutes } from './policies.ts';
import { pollingRoutes } from './polling.ts';
import type { AdminPorts } from './ports.ts';
import { rateLimitRoutes } from './rate-limits.ts';
import { referencePolicyRoutes } from './reference-policies.ts';
import type { AdminRoutes } from './route.ts';
import { runRoutes } from './runs.ts';
import { statsRoutes } from './stats.ts';
import { tenantRoutes } from './tenants.ts';

/** Every operation of the admin API. What is not here does not exist. */
export function adminRoutes(ports: AdminPorts, publicUrl: string): AdminRoutes {
  const routes = merge([
    tenantRoutes(ports),
    approvalRuleRoutes(ports),
    artifactRoutes(ports),
    enablementRoutes(ports),
    connectionRoutes(ports),
    rateLimitRoutes(ports),
    endpointRoutes(ports, publicUrl),
    policyRoutes(ports),
    referencePolicyRoutes(ports),
    runRoutes(ports),
    approvalRoutes(ports),
    deliveryRoutes(ports),
    pollingRoutes(ports),
    auditRoutes(ports),
    apiTokenRoutes(ports),
    statsRoutes(ports),
  ]);
  return merge([routes, documentRoutes(routes)]);
}

/** Throws a TypeError when two operations have one name. */
function merge(parts: readonly AdminRoutes[]): AdminRoutes {
  const entries = parts.flatMap((part) => Object.entries(part));
  const names = entries.map(([name]) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new TypeError(`two operations of the admin API are named ${twice}`);
  return Object.fromEntries(entries);
}
