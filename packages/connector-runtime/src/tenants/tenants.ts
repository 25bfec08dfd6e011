import { type ApprovalRules, createApprovalRules } from './approval-rules.ts';
import { type ConnectionLifecycle, createConnectionLifecycle } from './connection-lifecycle.ts';
import { type ConnectionViews, createConnectionViews } from './connection-views.ts';
import { type Connections, createConnections } from './connections.ts';
import { createEnablements, type Enablements } from './enablements.ts';
import { createEndpointRotation, type EndpointRotation } from './endpoint-rotation.ts';
import { createEndpointViews, type EndpointViews } from './endpoint-views.ts';
import { createEndpoints, type Endpoints } from './endpoints.ts';
import type { TenantPorts } from './ports.ts';
import { createTenantDirectory, type TenantDirectory } from './tenant-directory.ts';
import { createTenantPolicies, type TenantPolicies } from './tenant-policies.ts';

/**
 * What each tenant has: workspaces, enabled connectors, connections, endpoints, approval rules, policies. Whatever belongs
 * to another tenant is unknown here. Each change is in the tenant's audit, in the transaction that makes it.
 */
export interface Tenants
  extends TenantDirectory,
    Enablements,
    Connections,
    ConnectionViews,
    ConnectionLifecycle,
    Endpoints,
    EndpointRotation,
    EndpointViews,
    ApprovalRules,
    TenantPolicies {}

export function createTenants(ports: TenantPorts): Tenants {
  const enablements = createEnablements(ports);
  const connections = createConnections(ports, enablements);
  return {
    ...createTenantDirectory(ports),
    ...enablements,
    ...connections,
    ...createConnectionViews(ports, enablements),
    ...createConnectionLifecycle(ports),
    ...createEndpoints(ports, enablements, connections),
    ...createEndpointRotation(ports, enablements),
    ...createEndpointViews(ports),
    ...createApprovalRules(ports, enablements, connections),
    ...createTenantPolicies(ports, enablements),
  };
}
